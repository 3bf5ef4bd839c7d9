export { assembleBatch } from './assemble-batch.ts';
export { childRequests } from './child-requests.ts';
