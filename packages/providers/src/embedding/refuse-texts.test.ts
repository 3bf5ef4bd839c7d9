import type { EmbeddingInput } from '@sluice/contracts';
import { expect, it } from 'vitest';

import { hang } from '../conformance/scripts.ts';
import { startScriptedUpstream } from '../conformance/scripted-upstream.ts';
import { targetOf } from '../conformance/subject.ts';
import { createAdapters } from '../registry.ts';

const texts = (count: number) => Array.from({ length: count }, (_, i) => `text ${i}`);

it.each<[string, EmbeddingInput['input'], string]>([
  ['openai', texts(2_049), 'it has 2049 inputs, one call takes at most 2048'],
  ['azure-openai', texts(2_049), 'it has 2049 inputs, one call takes at most 2048'],
  ['gemini', texts(101), 'it has 101 inputs, one call takes at most 100'],
  ['gemini', [1, 2], 'it takes texts, not tokens'],
  ['ollama', [[1, 2], [3]], 'it takes texts, not tokens'],
])('%s refuses what it cannot take, without a call', async (kind, input, problem) => {
  const upstream = await startScriptedUpstream();
  upstream.script(hang);
  const calling = createAdapters()(kind).embed?.({
    target: targetOf(kind, upstream.url, { dropParams: true }),
    jobId: 'job_1',
    user: undefined,
    signal: new AbortController().signal,
    input: { input },
  });
  await expect(calling).rejects.toMatchObject({
    code: 'upstream_invalid_request',
    param: 'input.input',
    message: `acme (${kind}) cannot take input.input: ${problem}`,
  });
  expect(upstream.calls).toEqual([]);
  await upstream.close();
});
