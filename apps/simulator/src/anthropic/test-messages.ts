import type { CallOptions, TestClient, VendorJson, VendorReply } from '../test-client.ts';

/** The older version, which knows sampling parameters. */
export const OLDER = { 'anthropic-version': '2023-06-01' };
/** The version of the official client since 1.0. */
export const NEWEST = { 'anthropic-version': '2026-10-21' };

/** One event of a stream. */
export type NamedEvent = { event: string; data: VendorJson };

/** A message request with one user message. */
export function messageBody(content: unknown, more: object = {}): object {
  const messages = [{ role: 'user', content }];
  return { model: 'sim-chat', max_tokens: 1000, messages, ...more };
}

/** Sends one message request. */
export function postMessage(
  client: TestClient,
  body: object,
  options: CallOptions & { path?: string } = {},
): Promise<VendorReply> {
  const { path = '/v1/messages', headers } = options;
  return client.post(`/anthropic${path}`, body, { ...options, headers: { ...NEWEST, ...headers } });
}

/** Splits the text of a stream into its named events. */
export function parseNamedEvents(text: string): NamedEvent[] {
  return [...text.matchAll(/^event: (\S+)\ndata: (.+)\n$/gmu)].map(([, event = '', data = '']) => ({
    event,
    data: JSON.parse(data),
  }));
}
