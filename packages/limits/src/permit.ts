/** Leave to make one upstream call now. */
export interface Permit {
  id: string;
  lane: string;
  /** What was charged; settled to the real amounts afterwards. */
  amounts: PermitAmounts;
}

export interface PermitAmounts {
  requests: number;
  tokens: number;
}

/** All or nothing over every bucket of a lane. */
export type PermitDecision =
  | { kind: 'granted'; permit: Permit }
  | {
      kind: 'denied';
      /** When to ask again, in milliseconds from now; at least 1. */
      waitMs: number;
      /** The limit without room, written for people: `requests per 60 s`, `concurrency`, `upstream 429`. */
      limit: string;
      /** Epoch milliseconds. */
      resetsAtMs: number;
    };
