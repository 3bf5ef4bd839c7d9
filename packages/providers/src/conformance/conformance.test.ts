import { isDeepStrictEqual } from 'node:util';

import {
  deltaOfResult,
  joinDeltas,
  SluiceError,
  type RunResult,
  type TextDelta,
} from '@sluice/contracts';
import { waitFor } from '@sluice/testing';
import fc from 'fast-check';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import type { SendBy } from '../call-hooks.ts';
import { drainMs } from '../http/exchange.ts';
import { adapterKinds, createAdapters } from '../registry.ts';
import { oddRefusals, refusals, waits } from './refusals.ts';
import { ReplayDispatcher, SteppedDispatcher } from './replay-dispatcher.ts';
import { startScriptedUpstream, type Script, type ScriptedUpstream } from './scripted-upstream.ts';
import { document, hang, reply, resetAtOnce, streamScripts } from './scripts.ts';
import { targetOf } from './subject.ts';
import { subjects } from './subjects.ts';

/** Deadlines pass when a test says so; sockets go on. */
const deadlinesOnly = {
  toFake: ['setTimeout', 'clearTimeout'] as ('setTimeout' | 'clearTimeout')[],
};

/** Too much for one document or event; made once, every adapter gets it. As bytes: a text would be encoded for each of them. */
const tooLong = Buffer.alloc(17 * 2 ** 20, 'x');
const tooLongDocument = Buffer.concat([Buffer.from('{"a":"'), tooLong, Buffer.from('"}')]);

/** Hundreds of replies, one for each byte. */
const exhaustive = { timeout: 60_000 };
const neverAborted = new AbortController().signal;
const by = (ms: number): SendBy => ({ ms, onLate: () => undefined });

let upstream: ScriptedUpstream;
let agent: Agent;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  agent = new Agent({ allowH2: false });
});
afterEach(() => {
  vi.useRealTimers();
  upstream.calls.length = 0;
});
afterAll(async () => {
  await agent.destroy();
  await upstream.close();
});

it('examines every adapter of the registry that streams', () => {
  const able = adapterKinds.filter((kind) => {
    const adapter = createAdapters()(kind);
    return adapter.chat !== undefined || adapter.workflow !== undefined;
  });
  expect([...new Set(subjects.map(({ kind }) => kind))].sort()).toEqual(able);
});

const named = subjects.map((subject) => ({ name: subject.kind, ...subject }));

describe.each(named)('$name', (subject) => {
  const { kind, events, keyHeader } = subject;
  const { type, frame } = subject.stream;
  const { stream, openStream, drip, reset } = streamScripts(type);
  const isEventStream = type === 'text/event-stream';
  const [head = '', tail = ''] = frame('"-"').split('-');
  const tooLongEvent = [head, tooLong, tail];

  async function call(
    script: Script,
    options: {
      target?: Parameters<typeof targetOf>[2];
      timeouts?: { firstByteMs: number; idleMs: number };
      signal?: AbortSignal;
      sendBy?: SendBy;
      onDelta?: (delta: TextDelta) => void;
    } = {},
  ): Promise<unknown> {
    upstream.script(script, ...(subject.afterBreak ? [subject.afterBreak] : []));
    const target = targetOf(kind, upstream.url, options.target);
    if (options.timeouts) target.provider.timeouts = options.timeouts;
    const adapter = createAdapters({ dispatcher: agent })(kind);
    const signal = options.signal ?? neverAborted;
    const { sendBy, onDelta } = options;
    return await subject.call(adapter, { target, signal, sendBy, ...(onDelta && { onDelta }) });
  }

  async function failureOf(...args: Parameters<typeof call>): Promise<SluiceError> {
    const outcome: unknown = await call(...args).then(
      (value) => value,
      (error: unknown) => error,
    );
    if (outcome instanceof SluiceError) return outcome;
    throw new Error(`not a SluiceError: ${JSON.stringify(outcome)}`, { cause: outcome });
  }

  describe('a reply', () => {
    it('is made of a whole stream, by one call', async () => {
      const value = await call(stream(...events));
      expect(value).toMatchObject({ ...asObject(subject.reply), upstreamRequestId: 'req_7' });
      expect(upstream.calls).toHaveLength(1);
      const { method, path, headers, body } = subject.request;
      expect(upstream.calls[0]).toMatchObject({ method, path, headers, body });
    });

    it('is handed over as it came, to whoever asks for it', async () => {
      upstream.script(stream(...events));
      const told: unknown[] = [];
      const target = targetOf(kind, upstream.url);
      const onRaw = (raw: unknown) => void told.push(raw);
      await subject.call(createAdapters({ dispatcher: agent })(kind), {
        target,
        signal: neverAborted,
        onRaw,
      });
      expect(told).toEqual([{ content_type: type, body: events.join('') }]);
    });
    const forms: [string, Script][] = [['a stream', stream(...events)]];
    if (subject.document !== undefined) forms.push(['a document', document(subject.document)]);
    it.each(forms)(
      'is told piece by piece, and the pieces of %s add up to it',
      async (_, script) => {
        const told: TextDelta[] = [];
        await call(script, { onDelta: (delta) => told.push(delta) });
        const { result } = subject.reply as { result: RunResult };
        const whole = subject.told ?? deltaOfResult(result);
        expect(told.length > 0 ? told.reduce(joinDeltas) : undefined).toEqual(whole);
      },
    );

    it('keeps its connection for the next call', async () => {
      const before = upstream.connectionCount();
      const own = new Agent({ connections: 1 });
      const adapter = createAdapters({ dispatcher: own })(kind);
      upstream.script(stream(...events));
      for (let i = 0; i < 4; i += 1) {
        await subject.call(adapter, {
          target: targetOf(kind, upstream.url),
          signal: neverAborted,
        });
      }
      await own.close();
      expect(upstream.connectionCount() - before).toBe(1);
    });

    it('does not wait for a body that goes on after its terminal event', async () => {
      vi.useFakeTimers(deadlinesOnly);
      const { closed } = await receivedDuring(async () => {
        expect(await call(openStream(...events))).toMatchObject(asObject(subject.reply));
      });
      vi.advanceTimersByTime(drainMs);
      await closed;
    });

    it('may come with a byte order mark and blank lines', async () => {
      const value = await call(stream(`\u{feff}${events.join('\n\r\n')}`));
      expect(value).toMatchObject(asObject(subject.reply));
    });

    it.runIf(isEventStream)(
      'may come with comments, unknown fields and no space after the colon',
      async () => {
        const noisy = events.map((event) =>
          event.replace('data: ', ': hi\nid: 7\nretry: 5\nx: y\ndata:'),
        );
        expect(await call(stream(...noisy))).toMatchObject(asObject(subject.reply));
      },
    );

    it('may have its last event without a blank line', async () => {
      const text = events.join('').trimEnd();
      expect(await call(stream(text))).toMatchObject(asObject(subject.reply));
    });

    it.runIf(subject.document !== undefined)(
      'may be one document instead of a stream',
      async () => {
        expect(await call(document(subject.document))).toMatchObject(asObject(subject.reply));
      },
    );

    it.runIf(subject.document !== undefined)(
      'may be a document after blank lines, as some servers keep a call alive',
      async () => {
        const script: Script = (response) => {
          response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
          response.write('\n\n');
          response.end(JSON.stringify(subject.document));
        };
        expect(await call(script)).toMatchObject(asObject(subject.reply));
      },
    );
  });

  describe('the bytes of a stream', () => {
    const endings = [
      ['LF', '\n'],
      ['CRLF', '\r\n'],
      ['CR', '\r'],
    ] as const;

    async function replay(chunks: readonly Buffer[], contentType: string = type) {
      const dispatcher = new ReplayDispatcher(contentType, chunks);
      const adapter = createAdapters({ dispatcher })(kind);
      return await subject.call(adapter, {
        target: targetOf(kind, 'http://replay'),
        signal: neverAborted,
      });
    }

    it.each(endings)('may be cut in two anywhere, with %s', async (_name, ending) => {
      const bytes = Buffer.from(events.join('').replaceAll('\n', ending));
      const whole = await replay([bytes]);
      expect(whole).toMatchObject(asObject(subject.reply));
      const wrong: number[] = [];
      for (const at of tellingLengths(bytes)) {
        const value = await replay([bytes.subarray(0, at), bytes.subarray(at)]);
        if (!isDeepStrictEqual(value, whole)) wrong.push(at);
      }
      expect(wrong).toEqual([]);
    });

    it.each(endings)('may be cut at every byte, with %s', async (_name, ending) => {
      const bytes = Buffer.from(events.join('').replaceAll('\n', ending));
      const whole = await replay([bytes]);
      const size = 5;
      // Each byte ends a piece of one of these replies, between pieces of more than a byte.
      for (let first = 1; first <= size; first += 1) {
        const chunks = [bytes.subarray(0, first)];
        for (let at = first; at < bytes.length; at += size) {
          chunks.push(bytes.subarray(at, at + size));
        }
        expect({ first, value: await replay(chunks) }).toEqual({ first, value: whole });
      }
    });

    it.each(endings)('may come one by one, with %s', async (_name, ending) => {
      const bytes = Buffer.from(events.join('').replaceAll('\n', ending));
      const value = await replay(Array.from(bytes, (byte) => Buffer.of(byte)));
      expect(value).toMatchObject(asObject(subject.reply));
    });

    it('may be cut into any pieces', exhaustive, async () => {
      const bytes = Buffer.from(events.join(''));
      const cuts = fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(cuts, async (positions) => {
          const sorted = [0, ...positions.toSorted((a, b) => a - b), bytes.length];
          const chunks = sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
          expect(await replay(chunks)).toMatchObject(asObject(subject.reply));
        }),
        { numRuns: 200 },
      );
    });

    it('are no reply if they end anywhere before the end', exhaustive, async () => {
      const bytes = Buffer.from(events.join(''));
      const needed = events
        .slice(0, events.length - subject.dispensableEvents)
        .join('')
        .trimEnd();
      const wrong: number[] = [];
      for (const length of tellingLengths(bytes.subarray(0, Buffer.byteLength(needed)))) {
        const cut = [bytes.subarray(0, length)];
        const error: unknown = await replay(cut).catch((thrown: unknown) => thrown);
        const isRight = error instanceof SluiceError && error.code === 'upstream_truncated';
        if (!isRight) wrong.push(length);
      }
      expect(wrong).toEqual([]);
    });

    it('never do worse than a SluiceError, whatever they are', exhaustive, async () => {
      const types = fc.constantFrom(type, 'application/json', 'text/html', '');
      const valid = Buffer.from(events.join(''));
      const bodies = fc.oneof(
        fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        fc.json().map((json) => Buffer.from(json)),
        fc.json().map((json) => Buffer.from(frame(json))),
        fc
          .tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 }))
          .map(([at, byte]) => Buffer.from(valid.map((old, i) => (i === at ? byte : old)))),
      );
      await fc.assert(
        fc.asyncProperty(types, bodies, async (contentType, body) => {
          const outcome: unknown = await replay([body], contentType).catch(
            (error: unknown) => error,
          );
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(SluiceError);
          else expect(outcome).toHaveProperty('result.type');
        }),
        { numRuns: 500 },
      );
    });
  });

  describe('a refusal', () => {
    const sayable = refusals.filter(([status, code, message]) => {
      return subject.errorBody({ status, code, message }) !== undefined;
    });

    it.each(sayable)('of %i %s "%s" means %s', async (status, code, message, means) => {
      const error = await failureOf(reply(status, subject.errorBody({ status, message, code })));
      expect(error).toMatchObject({ code: means, upstreamStatus: status });
      const permanent = [400, 401, 402, 403, 404, 405, 413, 415, 422].includes(status);
      expect(error.retryable).toBe(!permanent && means !== 'quota_exceeded');
      expect(error.message).toContain('acme');
      if (message) expect(error.message).toContain(message);
    });

    it.each(oddRefusals)('may have a body that is %s', async (_name, status, body) => {
      expect(await failureOf(reply(status, body))).toMatchObject({
        code: 'upstream_error',
        upstreamStatus: status,
      });
    });

    it('whose body breaks off is still that refusal', async () => {
      const script: Script = (response) => {
        response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' });
        response.write('{"error":');
        setTimeout(() => response.socket?.resetAndDestroy(), 20);
      };
      expect(await failureOf(script)).toMatchObject({ code: 'rate_limited', retryAfterMs: 7_000 });
    });

    it('is read to 64 KiB and no further', async () => {
      const error = await failureOf(reply(500, tooLong.subarray(0, 5_000_000)));
      expect(error).toMatchObject({ code: 'upstream_error' });
      expect(error.message.length).toBeLessThan(700);
    });

    it('that is a redirect is not followed', async () => {
      const error = await failureOf(reply(307, '', { location: `${upstream.url}/elsewhere` }));
      expect(error).toMatchObject({ code: 'bad_upstream', retryable: false, upstreamStatus: 307 });
      expect(upstream.calls).toHaveLength(1);
    });

    it('carries the id that the upstream gave the call', async () => {
      const error = await failureOf(reply(500, {}, { 'x-request-id': 'req_9' }));
      expect(error.upstreamRequestId).toBe('req_9');
    });

    it.each(waits)('with %o asks to wait %s ms', async (headers, waitMs) => {
      const error = await failureOf(reply(429, {}, headers));
      expect(error).toMatchObject({ code: 'rate_limited', retryable: true });
      expect(error.retryAfterMs).toBe(waitMs);
    });

    it('says in its text how long to wait, if nowhere else', async () => {
      const message = 'Rate limit reached. Please try again in 12.525s. Visit the site.';
      const body = subject.errorBody({ status: 429, message, code: 'too_many_requests' });
      expect(await failureOf(reply(429, body))).toMatchObject({ retryAfterMs: 12_525 });
    });
  });

  describe('an upstream that misbehaves', () => {
    it('inside a stream of 200 is understood', async () => {
      const error = await failureOf(stream(...events.slice(0, 2), subject.overloadedEvent));
      expect(error).toMatchObject({ code: 'upstream_overloaded', retryable: true });
    });

    it.each(events.slice(subject.dispensableEvents + 1).map((_, i) => i + 1))(
      'and ends after event %i has sent no reply',
      async (count) => {
        const error = await failureOf(stream(...events.slice(0, count)));
        expect(error).toMatchObject({ code: 'upstream_truncated', retryable: true });
      },
    );

    it('and resets inside a stream has sent no reply', async () => {
      const error = await failureOf(reset(...events.slice(0, 2)));
      expect(error).toMatchObject({ code: 'upstream_truncated', retryable: true });
    });

    it('and closes its connection inside a stream has sent no reply', async () => {
      const script: Script = (response, received) => {
        void openStream(...events.slice(0, 2))(response, received);
        response.socket?.end();
      };
      expect(await failureOf(script)).toMatchObject({
        code: 'upstream_truncated',
        retryable: true,
      });
    });

    it('and resets before a byte of its reply may have taken the call', async () => {
      const error = await failureOf(resetAtOnce);
      expect(error).toMatchObject({ code: 'upstream_truncated', retryable: subject.isRepeatable });
    });

    it.each([
      ['HTML', reply(200, '<html>Login</html>', { 'content-type': 'text/html' })],
      ['text', reply(200, 'hello', { 'content-type': 'text/plain' })],
      ['an empty body', reply(200, '')],
      ['an empty document', reply(200, '', { 'content-type': 'application/json' })],
      ['an empty stream', stream()],
      ['half a document', reply(200, '{"id":', { 'content-type': 'application/json' })],
      ['another document', document({ hello: 'world' })],
      ['events that are not JSON', stream(frame('{"a"'), frame('[DONE]'))],
      ['events that are something else', stream(frame('17'), frame('[DONE]'))],
      ['a compressed body', reply(200, {}, { 'content-encoding': 'gzip' })],
      ['17 MiB of JSON', reply(200, tooLongDocument, { 'content-type': 'application/json' })],
      ['an event of 17 MiB', stream(...tooLongEvent)],
      ['bytes that are not HTTP', (response) => response.socket?.end('SSH-2.0-x\r\n\r\n')],
    ] as [string, Script][])('and sends %s is a bad upstream', async (_name, script) => {
      const error = await failureOf(script);
      expect(error).toMatchObject({ code: 'bad_upstream', retryable: subject.isRepeatable });
      expect(error.message.length).toBeLessThan(400);
    });

    it('and sends without end is cut off', async () => {
      const junk = Buffer.from(`: ${'x'.repeat(2 ** 20)}\n`);
      const endless: Script = (response) => {
        void openStream()(response, upstream.calls[0]!);
        const more = () => {
          while (!response.destroyed && response.write(junk));
        };
        response.on('drain', more);
        more();
      };
      expect(await failureOf(endless)).toMatchObject({ code: 'bad_upstream' });
    });

    it.each([
      ['refuses connections', 'http://127.0.0.1:1'],
      ['has no address', 'http://nowhere.invalid'],
      ['speaks no TLS', undefined],
    ])('and %s cannot be reached', async (_name, url) => {
      const address = url ?? upstream.url.replace('http:', 'https:');
      const { provider } = targetOf(kind, address);
      const error = await failureOf(hang, { target: { provider } });
      expect(error).toMatchObject({ code: 'upstream_unreachable', retryable: true });
      expect(upstream.calls).toHaveLength(0);
    });
  });

  describe('a deadline', () => {
    const timeouts = { firstByteMs: 100, idleMs: 100 };

    it.each([
      ['never begins', hang],
      ['begins and says nothing', openStream()],
      ['only keeps the connection alive', drip([], subject.keepAlive, 20)],
      ['drips the bytes of an event', drip([frame('').trimEnd()], '"', 20)],
    ])('ends a reply that %s, and its connection', async (_name, script) => {
      const { closed } = await receivedDuring(async () => {
        const error = await failureOf(script, { timeouts });
        expect(error).toMatchObject({
          code: 'upstream_timeout',
          retryable: subject.isRepeatable,
        });
      });
      await closed;
    });

    it.runIf(subject.document !== undefined)('ends a document of blank lines only', async () => {
      const blank: Script = (response, received) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const timer = setInterval(() => response.write('\n'), 20);
        void received.closed.then(() => clearInterval(timer));
      };
      expect(await failureOf(blank, { timeouts })).toMatchObject({ code: 'upstream_timeout' });
    });

    it('begins again with each event', async () => {
      vi.useFakeTimers(deadlinesOnly);
      const { provider } = targetOf(kind, 'http://replay');
      const { firstByteMs, idleMs } = provider.timeouts;
      const dispatcher = new SteppedDispatcher(type);
      const replying = subject.call(createAdapters({ dispatcher })(kind), {
        target: targetOf(kind, 'http://replay'),
        signal: neverAborted,
      });
      await vi.advanceTimersByTimeAsync(firstByteMs - 1);
      dispatcher.begin();
      // In all longer than the deadline, and no gap as long as it, though one event may be a keep-alive.
      for (const event of events) {
        await vi.advanceTimersByTimeAsync(idleMs * 0.45);
        dispatcher.send(Buffer.from(event));
      }
      await vi.advanceTimersByTimeAsync(0);
      dispatcher.end();
      expect(await replying).toMatchObject(asObject(subject.reply));
    });
  });

  describe('an abort', () => {
    const reason = new SluiceError('upstream_timeout', 'too late');

    it('before the call makes none', async () => {
      const error = await failureOf(hang, { signal: AbortSignal.abort(reason) });
      expect(error).toBe(reason);
      expect(upstream.calls).toHaveLength(0);
    });

    it.each([
      ['before the reply', hang],
      ['inside the reply', openStream(events[0]!.slice(0, 12))],
      ['inside a refusal', (response) => void response.writeHead(500).write('{')],
    ] as [string, Script][])('%s closes the connection and rejects', async (_name, script) => {
      const controller = new AbortController();
      const { closed } = await receivedDuring(async (received) => {
        const failing = failureOf(script, { signal: controller.signal });
        await received();
        controller.abort(reason);
        expect(await failing).toBe(reason);
      });
      await closed;
    });

    it('for a reason of another kind rejects with cancelled', async () => {
      const controller = new AbortController();
      const failing = failureOf(hang, { signal: controller.signal });
      await waitFor(() => upstream.calls.length > 0);
      controller.abort(new Error('whatever'));
      expect(await failing).toMatchObject({ code: 'cancelled', retryable: false });
    });

    it('while a connection is awaited rejects at once', async () => {
      const own = new Agent({ connections: 1 });
      const adapter = createAdapters({ dispatcher: own })(kind);
      const controller = new AbortController();
      upstream.script(hang);
      const held = { target: targetOf(kind, upstream.url), signal: controller.signal };
      const first = subject.call(adapter, held).catch(() => 'first');
      await waitFor(() => upstream.calls.length > 0);
      const second = subject.call(adapter, held).catch(() => 'second');
      controller.abort(reason);
      expect(await Promise.all([first, second])).toEqual(['first', 'second']);
      // The connection that comes free goes to the next call, not to one that nobody waits for.
      upstream.script(stream(...events));
      await subject.call(adapter, { ...held, signal: neverAborted });
      expect(upstream.calls).toHaveLength(2);
      await own.destroy();
    });
  });

  describe('a permit', () => {
    it('that has run out when the call would leave keeps it from leaving', async () => {
      const error = await failureOf(stream(...events), { sendBy: by(Date.now() - 1) });
      expect(error).toMatchObject({ code: 'permit_expired', retryable: true });
      expect(upstream.calls).toHaveLength(0);
    });

    it('that runs out between the last look at the clock and the socket says so, and the call goes on', async () => {
      let [looks, told] = [0, 0];
      const sendBy = {
        get ms() {
          return (looks += 1) === 1 ? Infinity : 0;
        },
        onLate: () => void (told += 1),
      };
      const value = await call(stream(...events), { sendBy });
      expect(value).toMatchObject(asObject(subject.reply));
      expect(told).toBe(1);
    });

    it('that lasts lets the call leave', async () => {
      const value = await call(stream(...events), { sendBy: by(Date.now() + 60_000) });
      expect(value).toMatchObject(asObject(subject.reply));
    });
  });

  describe('the API key', () => {
    const key = 'sk-secret-abcdef0123456789';

    it.each([key, ` ${key}\n`, `"${key}"`, `'${key}'`, `Bearer ${key}`, `"bearer  ${key} "`])(
      'given as %j is sent as it was meant',
      async (apiKey) => {
        await call(stream(...events), { target: { apiKey } });
        expect(upstream.calls[0]?.headers[keyHeader.name]).toBe(`${keyHeader.prefix}${key}`);
      },
    );

    it('that no header can carry is refused without a call', async () => {
      const error = await failureOf(hang, { target: { apiKey: 'sk-ключ-0123456789' } });
      expect(error).toMatchObject({ code: 'upstream_auth', retryable: false });
      expect(error.message).not.toContain('ключ');
    });

    it('may be absent', async () => {
      await call(stream(...events), { target: { apiKey: undefined } });
      expect(upstream.calls[0]?.headers).not.toHaveProperty(keyHeader.name);
    });

    const echoes = `You sent Bearer ${key}, "${key}" and x-extra: hush-hush-1, sk-other1234567`;
    it.each([
      ['a refusal', reply(401, { error: { message: echoes, code: key } })],
      ['a text', reply(200, echoes)],
      ['events', stream(frame(echoes))],
      ['a document', reply(200, echoes, { 'content-type': 'application/json' })],
    ])('is never in an error, though the upstream sends it back in %s', async (_name, script) => {
      const { provider } = targetOf(kind, upstream.url);
      const target = {
        apiKey: key,
        provider: { ...provider, headers: { 'X-Extra': 'hush-hush-1' } },
      };
      const error = await failureOf(script, { target });
      const text = JSON.stringify(error) + String(error.stack) + JSON.stringify(error.cause ?? '');
      expect(text).not.toMatch(/abcdef0123|hush-hush|other1234567/);
      expect(upstream.calls[0]?.headers['x-extra']).toBe('hush-hush-1');
    });
  });

  it('leaves what the configuration says about headers as it is', async () => {
    const { provider } = targetOf(kind, upstream.url);
    const headers = { 'User-Agent': 'mine', [keyHeader.name.toUpperCase()]: 'Token 1' };
    await call(stream(...events), { target: { provider: { ...provider, headers } } });
    expect(upstream.calls[0]?.headers).toMatchObject({
      'user-agent': 'mine',
      [keyHeader.name]: 'Token 1',
      'accept-encoding': 'identity',
    });
  });

  async function receivedDuring(
    act: (received: () => Promise<void>) => Promise<void>,
  ): Promise<{ closed: Promise<void> }> {
    await act(async () => {
      await waitFor(() => upstream.calls.length > 0);
    });
    const received = upstream.calls[0];
    if (!received) throw new Error('no call was received');
    return received;
  }
});

/**
 * Where a reply is cut so that it would tell: next to every end of a line, inside every character of several bytes, and at each
 * seventh byte besides. Between those a parser does the same from one byte to the next.
 */
function tellingLengths(bytes: Buffer): number[] {
  const isEnd = (byte: number | undefined) => byte === 10 || byte === 13;
  return Array.from({ length: bytes.length - 1 }, (_, i) => i + 1).filter((length) => {
    const around = bytes.subarray(Math.max(0, length - 3), length + 3);
    return length % 7 === 0 || around.some((byte) => isEnd(byte) || byte >= 0x80);
  });
}

function asObject(value: unknown): object {
  return value as object; // Fixtures are objects; the suite does not know their types.
}
