export { createLimits } from './limits.ts';
export type { Limits } from './limits.ts';
export type { LimitsDeps } from './limits-deps.ts';
export type { BucketStatus, LaneStatus } from './lane-status.ts';
export { ParkedKeys, refusesKey } from './parked-keys.ts';
export type { KeyChoice, Parking } from './parked-keys.ts';
export type { Permit, PermitAmounts, PermitDecision } from './permit.ts';
