import { describe, expect, test } from 'vitest';
import type { FaultScript } from '../../faults/fault-schema.ts';
import { parseEvents, startSimulator } from '../../test-client.ts';
import type { TestClient, VendorReply } from '../../test-client.ts';
import { readSound } from './read-sound.ts';
import { formatTime } from './write-transcript.ts';

const SPEECH = 'Hello there. How are you today?';

type Fields = Record<string, string | string[] | File>;

function send(client: TestClient, fields: Fields = {}): Promise<VendorReply> {
  const form = new FormData();
  const file = new File([SPEECH], 'speech.mp3');
  for (const [name, value] of Object.entries({ file, model: 'sim-transcription', ...fields })) {
    for (const each of [value].flat()) form.append(name, each);
  }
  return fetch(`${client.simulator.url}/openai/v1/audio/transcriptions`, {
    method: 'POST',
    headers: { authorization: 'Bearer key-1' },
    body: form,
  });
}

function wave(seconds: number): File {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.write('WAVE', 8, 'latin1');
  header.writeUInt32LE(32_000, 28);
  return new File([header, Buffer.alloc(32_000 * seconds)], 'tone.wav');
}

describe('a transcription', () => {
  test('gives the words of a file that is text, and the seconds it took', async () => {
    const client = await startSimulator();
    const response = await send(client);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      text: SPEECH,
      usage: { type: 'duration', seconds: 3 },
    });
    expect(client.entries()[0]).toMatchObject({
      kind: 'transcription',
      model: 'sim-transcription',
      outcome: 'bought',
      inputTokens: 0,
      outputTokens: 0,
      costUsd: 0.006 * (3 / 60),
    });
  });

  test('says what the script tells it to', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ reply: 'Moin.' });
    expect((await (await send(client)).json()).text).toBe('Moin.');
  });

  test('of sound tells its size, and its length by the header of a WAV', async () => {
    const client = await startSimulator();
    const response = await send(client, { file: wave(2), response_format: 'verbose_json' });
    expect(await response.json()).toMatchObject({ text: 'You sent 64044 bytes.', duration: 2 });
    expect(readSound(Buffer.alloc(16_000)).seconds).toBe(1);
  });

  test('as verbose_json has segments, and words when they are asked for', async () => {
    const client = await startSimulator();
    const more = { response_format: 'verbose_json', language: 'de' };
    const plain = await (await send(client, more)).json();
    expect(plain).toMatchObject({
      task: 'transcribe',
      language: 'german',
      duration: 3,
      text: SPEECH,
      usage: { type: 'duration', seconds: 3 },
    });
    const spans = plain.segments.map(({ id, start, end, text }: never) => [id, start, end, text]);
    expect(spans).toEqual([
      [0, 0, 1.258, ' Hello there.'],
      [1, 1.258, 3, ' How are you today?'],
    ]);
    expect(plain).not.toHaveProperty('words');
    const granularities = { 'timestamp_granularities[]': ['word'] };
    const { words, segments } = await (await send(client, { ...more, ...granularities })).json();
    expect(segments).toBeUndefined();
    expect(words).toHaveLength(6);
    expect(words[0]).toEqual({ word: 'Hello', start: 0, end: 0.581 });
  });

  test.for([
    ['text', `${SPEECH}\n`],
    [
      'srt',
      '1\n00:00:00,000 --> 00:00:01,258\nHello there.\n\n2\n00:00:01,258 --> 00:00:03,000\nHow are you today?\n\n',
    ],
    [
      'vtt',
      'WEBVTT\n\n00:00:00.000 --> 00:00:01.258\nHello there.\n\n00:00:01.258 --> 00:00:03.000\nHow are you today?\n\n',
    ],
  ] as const)('can be %s', async ([format, body]) => {
    const client = await startSimulator();
    const response = await send(client, { response_format: format });
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await response.text()).toBe(body);
  });

  test.for([
    [0, '00:00:00,000'],
    [3723.4567, '01:02:03,457'],
    [59.9996, '00:01:00,000'],
  ] as const)('writes %d seconds as %s', ([seconds, text]) => {
    expect(formatTime(seconds, ',')).toBe(text);
  });
});

describe('a model that is billed by tokens', () => {
  const model = 'sim-transcription-tokens';
  const usage = {
    type: 'tokens',
    total_tokens: 38,
    input_tokens: 30,
    input_token_details: { text_tokens: 0, audio_tokens: 30 },
    output_tokens: 8,
  };

  test('tells tokens', async () => {
    const client = await startSimulator();
    expect(await (await send(client, { model })).json()).toEqual({ text: SPEECH, usage });
    expect(client.entries()[0]).toMatchObject({
      reservedTokens: 30,
      inputTokens: 30,
      outputTokens: 8,
    });
  });

  test('streams when it is told to, as the other does not', async () => {
    const client = await startSimulator();
    const response = await send(client, { model, stream: 'true' });
    const events = parseEvents(await response.text());
    expect(events.at(-1)).toBe('[DONE]');
    expect(events.at(-2)).toEqual({ type: 'transcript.text.done', text: SPEECH, usage });
    const deltas = events.filter(({ type }) => type === 'transcript.text.delta');
    expect(deltas.map(({ delta }) => delta).join('')).toBe(SPEECH);
    expect((await (await send(client, { stream: 'true' })).json()).text).toBe(SPEECH);
  });

  test('knows no subtitles', async () => {
    const client = await startSimulator();
    const response = await send(client, { model, response_format: 'srt' });
    expect((await response.json()).error).toMatchObject({
      param: 'response_format',
      code: 'unsupported_value',
    });
  });
});

describe('a wrong request', () => {
  test.for<[string, Fields, number, object]>([
    ['no file', { file: 'text' }, 400, { param: 'file' }],
    ['an empty file', { file: new File([], 'a.mp3') }, 400, { code: 'audio_too_short' }],
    ['a picture', { file: new File(['x'], 'a.png') }, 400, { code: null }],
    ['a chat model', { model: 'sim-chat' }, 404, { code: 'model_not_found' }],
    ['no model', { model: '' }, 400, { code: null }],
    ['a language by name', { language: 'German' }, 400, { param: 'language' }],
    ['an unknown format', { response_format: 'xml' }, 400, { param: 'response_format' }],
    [
      'words without verbose_json',
      { 'timestamp_granularities[]': 'word' },
      400,
      { param: 'timestamp_granularities' },
    ],
    [
      'a file above 25 MiB',
      { file: new File([Buffer.alloc(26_214_401)], 'a.mp3') },
      413,
      { type: 'server_error' },
    ],
  ])('with %s is refused', async ([, fields, status, error]) => {
    const client = await startSimulator();
    const response = await send(client, fields);
    expect(response.status).toBe(status);
    expect((await response.json()).error).toMatchObject(error);
    expect(client.entries()[0]?.outcome).toBe('rejected');
  });

  test('as JSON is refused', async () => {
    const client = await startSimulator();
    const body = { model: 'sim-transcription' };
    expect((await client.post('/openai/v1/audio/transcriptions', body)).status).toBe(400);
  });
});

describe('limits and faults', () => {
  test('hold for transcriptions', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ requests: [{ limit: 1, windowMs: 60_000 }] });
    await send(client);
    const limited = await send(client);
    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toBe('60');
  });

  test.for<[FaultScript['fault'], number]>([
    [{ kind: 'status', status: 503 }, 503],
    [{ kind: 'truncate' }, 200],
    [{ kind: 'error-event' }, 200],
  ])('%j hits one', async ([fault, status]) => {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault, match: { kind: 'transcription' } });
    const response = await send(client);
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain('"usage"');
    expect(client.entries()[0]?.outcome).toBe('fault');
  });
});
