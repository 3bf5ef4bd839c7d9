/** Calls at once of a worker, Sluice's and the bare one. */
export const concurrency = 50;

/** Lane of the benches' model: the queue that Sluice's worker takes from. */
export const lane = 'openai';
