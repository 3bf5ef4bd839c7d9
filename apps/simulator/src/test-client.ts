import { onTestFinished } from 'vitest';
import { createSimulator } from './create-simulator.ts';
import type { Simulator, SimulatorOptions } from './create-simulator.ts';
import type { LedgerEntry } from './ledger/ledger-entry.ts';
import type { LedgerSummary } from './ledger/summarize-ledger.ts';

/** Options of one request of a test. */
export type CallOptions = {
  key?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

/** Vendor JSON of any shape, or the text of an event without JSON. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into vendor JSON of any shape
export type VendorJson = any;

/** A reply whose JSON a test may look into. */
export type VendorReply = Omit<Response, 'json'> & { json(): Promise<VendorJson> };

/** A simulator on a free port, and short ways to call it. It closes when the test ends. */
export type TestClient = {
  simulator: Simulator;
  post(path: string, body: unknown, options?: CallOptions): Promise<VendorReply>;
  get(path: string, options?: CallOptions): Promise<VendorReply>;
  /** Asks the control plane and gives the status and JSON. */
  control(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }>;
  entries(): LedgerEntry[];
  summary(query?: string): Promise<LedgerSummary>;
};

/** Starts a simulator for the running test. */
export async function startSimulator(options?: SimulatorOptions): Promise<TestClient> {
  const simulator = createSimulator(options);
  const url = await simulator.listen();
  onTestFinished(() => simulator.close());
  const request = (
    method: string,
    path: string,
    call: CallOptions & { body?: string } = {},
  ): Promise<VendorReply> => {
    const { key = 'key-1', headers, signal, body } = call;
    return fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(signal && { signal }),
      ...(body !== undefined && { body }),
    });
  };
  const control: TestClient['control'] = async (method, path, body) => {
    const call = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await request(method, `/_sim${path}`, call);
    const text = await response.text();
    return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
  };
  return {
    simulator,
    post: (path, body, call) => request('POST', path, { ...call, body: JSON.stringify(body) }),
    get: (path, call) => request('GET', path, call),
    control,
    entries: () => [...simulator.state.ledger.entries()],
    // The summary's shape is what the route promises; the ledger tests check it.
    summary: async (query = '') =>
      (await control('GET', `/ledger/summary${query}`)).json as LedgerSummary,
  };
}

/** A chat request with one user message. */
export function chatBody(content: string, more: object = {}): object {
  return { model: 'sim-chat', messages: [{ role: 'user', content }], ...more };
}

/** Sends one chat. */
export function chat(client: TestClient, options: CallOptions & { content?: string } = {}) {
  return client.post('/openai/v1/chat/completions', chatBody(options.content ?? 'hello'), options);
}

/** Splits the text of an event stream; pings, comments and `[DONE]` stay text. */
export function parseEvents(text: string): VendorJson[] {
  return text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const data = event.startsWith('data: ') ? event.slice(6) : event;
      return data.startsWith('{') ? JSON.parse(data) : data;
    });
}
