import type { Config } from '@sluice/config';
import type { Lanes } from '@sluice/queue';
import type { Records } from '@sluice/records';
import type { Clock, Logger, Random } from '@sluice/runtime';
import type {
  DeliveryLog,
  DeliverySchedule,
  EndpointGate,
  EndpointStore,
  WebhookSender,
} from '@sluice/webhooks';

import type { WorkerMetrics } from '../worker-metrics.ts';

export interface DeliverWebhookDeps {
  config: Pick<Config, 'webhooks' | 'server'>;
  records: Records;
  lanes: Lanes;
  endpoints: EndpointStore;
  deliveryLog: DeliveryLog;
  gate: EndpointGate;
  schedule: DeliverySchedule;
  sender: WebhookSender;
  metrics: WorkerMetrics;
  clock: Clock;
  random: Random;
  log: Logger;
}
