import { startSimulator } from '../test-client.ts';
import type { CallOptions, TestClient, VendorJson, VendorReply } from '../test-client.ts';

/** A test client that calls the methods of a model. */
export type GeminiClient = TestClient & {
  call(verb: string, body: unknown, options?: CallOptions): Promise<VendorReply>;
};

/** Starts a simulator for the running test. */
export async function startGemini(): Promise<GeminiClient> {
  const client = await startSimulator();
  return {
    ...client,
    call: (verb, body, options = {}) => {
      const { key = 'key-1', headers } = options;
      const path = verb.startsWith('/') ? verb : `/gemini/v1beta/models/sim-chat:${verb}`;
      return client.post(path, body, {
        ...options,
        headers: { 'x-goog-api-key': key, ...headers },
      });
    },
  };
}

/** A request of one user turn. */
export function prompt(text: string, more: object = {}): object {
  return { contents: [{ role: 'user', parts: [{ text }] }], ...more };
}

/** The responses of an event stream. */
export function parseStream(text: string): VendorJson[] {
  return text
    .split('\r\n\r\n')
    .filter((event) => event !== '')
    .map((event) => JSON.parse(event.replace(/^data: /u, '')));
}
