import { SluiceError, type CallType } from '@sluice/contracts';
import { waitFor } from '@sluice/testing';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { SendBy } from '../call-hooks.ts';
import { adapterKinds, createAdapters } from '../registry.ts';
import type { ProviderAdapter } from '../adapter.ts';
import { oddRefusals, refusals, waits } from './refusals.ts';
import { startScriptedUpstream, type Script, type ScriptedUpstream } from './scripted-upstream.ts';
import { document, hang, reply, resetAtOnce } from './scripts.ts';
import { targetOf } from './subject.ts';
import { documentSubjects as subjects } from './subjects.ts';

const neverAborted = new AbortController().signal;
const by = (ms: number): SendBy => ({ ms, onLate: () => undefined });

let upstream: ScriptedUpstream;
let agent: Agent;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  agent = new Agent({ allowH2: false });
});
afterEach(() => {
  upstream.calls.length = 0;
});
afterAll(async () => {
  await agent.destroy();
  await upstream.close();
});

const methods: [CallType, keyof ProviderAdapter][] = [
  ['embedding', 'embed'],
  ['rerank', 'rerank'],
  ['transcription', 'transcribe'],
];

it.each(methods)('examines every adapter that does %s', (type, method) => {
  const examined = subjects.filter((subject) => subject.type === type).map(({ kind }) => kind);
  const able = adapterKinds.filter((kind) => createAdapters()(kind)[method] !== undefined);
  expect(examined.sort()).toEqual(able);
});

describe.each(subjects)('$kind $type', (subject) => {
  const { kind, keyHeader } = subject;

  async function call(
    script: Script,
    options: {
      target?: Parameters<typeof targetOf>[2];
      timeouts?: { firstByteMs: number; idleMs: number };
      signal?: AbortSignal;
      sendBy?: SendBy;
    } = {},
  ): Promise<unknown> {
    upstream.script(script);
    const target = targetOf(kind, upstream.url, options.target);
    if (options.timeouts) target.provider.timeouts = options.timeouts;
    const adapter = createAdapters({ dispatcher: agent })(kind);
    const signal = options.signal ?? neverAborted;
    return await subject.call(adapter, { target, signal, sendBy: options.sendBy });
  }

  async function failureOf(...args: Parameters<typeof call>): Promise<SluiceError> {
    const outcome: unknown = await call(...args).catch((error: unknown) => error);
    if (outcome instanceof SluiceError) return outcome;
    throw new Error(`not a SluiceError: ${JSON.stringify(outcome)}`, { cause: outcome });
  }

  describe('a reply', () => {
    it('is made of one document, by one call', async () => {
      const value = await call(reply(200, subject.document, { 'x-request-id': 'req_7' }));
      expect(value).toEqual({ ...asObject(subject.reply), upstreamRequestId: 'req_7' });
      expect(upstream.calls).toHaveLength(1);
      const { method, path, headers, body } = subject.request;
      expect(upstream.calls[0]).toMatchObject({ method, path, headers });
      expect(upstream.calls[0]?.body).toEqual(body);
    });

    it('is handed over as it came, to whoever asks for it', async () => {
      upstream.script(document(subject.document));
      const told: unknown[] = [];
      const onRaw = (raw: unknown) => void told.push(raw);
      const target = targetOf(kind, upstream.url);
      const adapter = createAdapters({ dispatcher: agent })(kind);
      await subject.call(adapter, { target, signal: neverAborted, onRaw });
      expect(told).toEqual([{ content_type: 'application/json', body: subject.document }]);
    });

    it('may come after blank lines and in pieces', async () => {
      const text = Buffer.from(JSON.stringify(subject.document));
      const script: Script = (response) => {
        response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
        response.write('\n\n');
        for (const byte of text) response.write(Buffer.of(byte));
        response.end();
      };
      expect(await call(script)).toMatchObject(asObject(subject.reply));
    });

    it.each(subject.wrong)('that has %s is a bad upstream', async (_what, wrong) => {
      const error = await failureOf(document(wrong));
      expect(error).toMatchObject({ code: 'bad_upstream', retryable: true });
    });
  });

  describe('a refusal', () => {
    const sayable = refusals.filter(([status, code, message]) => {
      return subject.errorBody({ status, code, message }) !== undefined;
    });

    it.each(sayable)('of %i %s "%s" means %s', async (status, code, message, means) => {
      const error = await failureOf(reply(status, subject.errorBody({ status, message, code })));
      expect(error).toMatchObject({ code: means, upstreamStatus: status });
    });

    it.each(oddRefusals)('may have a body that is %s', async (_name, status, body) => {
      const error = await failureOf(reply(status, body));
      expect(error).toMatchObject({ code: 'upstream_error', upstreamStatus: status });
    });

    it.each(waits)('with %o asks to wait %s ms', async (headers, waitMs) => {
      const error = await failureOf(reply(429, {}, headers));
      expect(error).toMatchObject({ code: 'rate_limited', retryable: true });
      expect(error.retryAfterMs).toBe(waitMs);
    });

    it('inside a document of 200 is understood', async () => {
      const error = { message: 'The server is overloaded', code: 'overloaded', type: 'overloaded' };
      expect(await failureOf(document({ error }))).toMatchObject({ code: 'upstream_overloaded' });
    });
  });

  describe('an upstream that misbehaves', () => {
    it.each([
      ['HTML', reply(200, '<html>Login</html>')],
      ['an empty document', reply(200, '', { 'content-type': 'application/json' })],
      ['half a document', reply(200, '{"data":', { 'content-type': 'application/json' })],
      ['another document', document({ hello: 'world' })],
      ['null', reply(200, 'null', { 'content-type': 'application/json' })],
      ['a compressed body', reply(200, {}, { 'content-encoding': 'gzip' })],
      ['events', reply(200, 'data: {}\n\n', { 'content-type': 'text/event-stream' })],
    ] as [string, Script][])('and sends %s is a bad upstream', async (_name, script) => {
      const error = await failureOf(script);
      expect(error).toMatchObject({ code: 'bad_upstream', retryable: true });
      expect(error.message.length).toBeLessThan(400);
    });

    it('and sends a document without end is cut off', async () => {
      const piece = `"${'x'.repeat(2 ** 20)}",`;
      let sent = 0;
      const endless: Script = (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const more = () => {
          while (!response.destroyed && response.write(piece)) sent += piece.length;
        };
        response.on('drain', more);
        response.write('[');
        more();
      };
      const error = await failureOf(endless);
      expect(error).toMatchObject({
        code: 'bad_upstream',
        message: expect.stringContaining(`more than ${subject.maxMiB} MiB`),
      });
      expect(sent).toBeLessThan((subject.maxMiB + 32) * 2 ** 20);
    });

    it('and resets before or inside its reply has sent none', async () => {
      expect(await failureOf(resetAtOnce)).toMatchObject({
        code: 'upstream_truncated',
        retryable: true,
      });
      const inside: Script = (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"da');
        setTimeout(() => response.socket?.resetAndDestroy(), 30);
      };
      expect(await failureOf(inside)).toMatchObject({ code: 'upstream_truncated' });
    });

    it.each([
      ['never begins', hang],
      ['begins and says nothing', (response) => response.writeHead(200).flushHeaders()],
    ] as [string, Script][])('and %s runs into a deadline', async (_name, script) => {
      const error = await failureOf(script, { timeouts: { firstByteMs: 100, idleMs: 100 } });
      expect(error).toMatchObject({ code: 'upstream_timeout', retryable: true });
      await upstream.calls[0]?.closed;
    });
  });

  it.each([
    ['before the reply', hang],
    ['inside the reply', (response) => void response.writeHead(200).write('{')],
    ['inside a refusal', (response) => void response.writeHead(500).write('{')],
  ] as [string, Script][])('an abort %s closes the connection', async (_name, script) => {
    const reason = new SluiceError('cancelled', 'enough');
    const controller = new AbortController();
    const failing = failureOf(script, { signal: controller.signal });
    await waitFor(() => upstream.calls.length > 0);
    controller.abort(reason);
    expect(await failing).toBe(reason);
    await upstream.calls[0]?.closed;
  });

  it('a permit that has run out keeps the call from leaving', async () => {
    const error = await failureOf(document(subject.document), { sendBy: by(Date.now() - 1) });
    expect(error).toMatchObject({ code: 'permit_expired', retryable: true });
    expect(upstream.calls).toHaveLength(0);
  });

  it('the API key is sent, and never in an error', async () => {
    const apiKey = 'sk-secret-abcdef0123456789';
    const echo = `You sent Bearer ${apiKey}`;
    const error = await failureOf(document({ hello: echo }), { target: { apiKey } });
    expect(upstream.calls[0]?.headers[keyHeader.name]).toBe(`${keyHeader.prefix}${apiKey}`);
    expect(JSON.stringify(error)).not.toContain('abcdef0123');
  });
});

function asObject(value: unknown): object {
  return value as object; // Fixtures are objects; the suite does not know their types.
}
