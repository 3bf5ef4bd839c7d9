import type { Priority } from '@sluice/contracts';

/** BullMQ's priority is 21 bits wide, 1 first; 0 would stand before all, so it is never used. */
const classWidth = Math.floor(2 ** 21 / 3);

const classStart: Record<Priority, number> = {
  high: 1,
  normal: 1 + classWidth,
  low: 1 + 2 * classWidth,
};

/**
 * The place of a ticket in its lane: three disjoint ranges, one a class. Inside one rank BullMQ keeps the order of
 * arrival.
 */
export function rankOf(priority: Priority): number {
  return classStart[priority];
}
