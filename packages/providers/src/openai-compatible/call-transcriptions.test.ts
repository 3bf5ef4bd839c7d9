import type { TranscriptionInput } from '@sluice/contracts';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { document, reply } from '../conformance/scripts.ts';
import {
  startScriptedUpstream,
  type Script,
  type ScriptedUpstream,
} from '../conformance/scripted-upstream.ts';
import { targetOf } from '../conformance/subject.ts';
import { transcribe } from '../conformance/transcriptions.ts';
import { createAdapters } from '../registry.ts';

let upstream: ScriptedUpstream;
/** Without the address guard, which the upstream on this machine would not pass. */
const dispatcher = new Agent();
beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterAll(async () => {
  await dispatcher.close();
  await upstream.close();
});

async function run(script: Script, input: Omit<TranscriptionInput, 'audio'> = {}) {
  upstream.script(script);
  const call = { target: targetOf('openai', upstream.url), signal: new AbortController().signal };
  return await transcribe(input)(createAdapters({ dispatcher })('openai'), call);
}

it('plain text is asked for as JSON, which also says what it took', async () => {
  const usage = { type: 'tokens', input_tokens: 14, output_tokens: 3, total_tokens: 17 };
  expect(await run(document({ text: 'Hi.', usage }), { response_format: 'text' })).toMatchObject({
    result: { type: 'transcription', text: 'Hi.' },
    usage: { input_tokens: 14, output_tokens: 3, total_tokens: 17, source: 'provider' },
  });
  expect(upstream.calls.at(-1)?.body).toMatchObject({ response_format: ['json'] });
});

it.each(['srt', 'vtt'] as const)('%s is given as the file it is', async (format) => {
  const file = 'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nGrüße\n';
  const script = reply(200, file, { 'content-type': 'text/plain; charset=utf-8' });
  expect(await run(script, { response_format: format })).toMatchObject({
    result: { text: file },
    usage: undefined,
  });
  expect(upstream.calls.at(-1)?.body).toMatchObject({ response_format: [format] });
});

it.each([
  ['HTML', reply(200, '<html>Login</html>')],
  ['too much', reply(200, 'x'.repeat(17 * 2 ** 20), { 'content-type': 'text/plain' })],
])('subtitles that are %s are a bad upstream', async (_what, script) => {
  await expect(run(script, { response_format: 'srt' })).rejects.toMatchObject({
    code: 'bad_upstream',
  });
});

it.each([
  [
    { text: 'a', duration: 1.5 },
    { audio_seconds: 1.5, total_tokens: 0, source: 'provider' },
  ],
  [
    { text: 'a', duration: '1.5' },
    { audio_seconds: 1.5, total_tokens: 0, source: 'provider' },
  ],
  [{ text: 'a', duration: 'long' }, undefined],
  [{ text: 'a', usage: { seconds: 'x' } }, undefined],
  [{ text: 'a' }, undefined],
])('the usage of %j is %j', async (body, usage) => {
  expect(await run(document(body))).toMatchObject({ result: { text: 'a' } });
  expect(await run(document(body))).toHaveProperty('usage', usage);
});
