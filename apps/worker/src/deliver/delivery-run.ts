import type { Delivery } from '@sluice/contracts';

import type { DeliveryTarget } from './delivery-target.ts';

/** What one run of a delivery's ticket works on. */
export interface DeliveryRun {
  delivery: Delivery;
  /** 1 for the first POST on the schedule. */
  attempt: number;
  target: DeliveryTarget;
}
