import type { ChatResult, CompletedJob, TextDelta } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { completionOf, completionStream } from './completion.ts';

const token = { token: 'a', logprob: -1, bytes: [97], top_logprobs: [] };
const end = { unified: 'stop', raw: 'stop' } as const;
const source = { type: 'url_citation', url_citation: { url: 'https://a.example' } } as const;
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } } as const;

const result: ChatResult = {
  type: 'chat',
  message: { role: 'assistant', content: 'a', annotations: [source], images: [image] },
  finish_reason: end,
  logprobs: { content: [token] },
  service_tier: 'flex',
  alternatives: [
    {
      message: { role: 'assistant', content: null, audio: { id: 'audio_1', data: 'AAAA' } },
      finish_reason: { unified: 'length', raw: 'length' },
    },
  ],
};
// As much of a job as a completion shows.
const job = { result, createdAtMs: 1_000 } as unknown as CompletedJob;
const asked = { jobId: 'job_1', model: 'm' };

describe('a completion', () => {
  it('has every answer in its place, with what it has besides text', () => {
    expect(completionOf(job, asked)).toMatchObject({
      service_tier: 'flex',
      choices: [
        {
          index: 0,
          message: { content: 'a', refusal: null, annotations: [source], images: [image] },
          logprobs: { content: [token], refusal: null },
          finish_reason: 'stop',
        },
        {
          index: 1,
          message: { content: null, audio: { id: 'audio_1', data: 'AAAA' }, annotations: [] },
          logprobs: null,
          finish_reason: 'length',
        },
      ],
    });
  });

  it('in pieces says of each which answer it is of, and begins and ends each once', () => {
    const stream = completionStream({ ...asked, includeUsage: true });
    const deltas: TextDelta[] = [
      { alternatives: [{ index: 1, audio: { id: 'audio_1' } }] },
      {
        content: 'a',
        logprobs: { content: [token] },
        alternatives: [{ index: 1, audio: { data: 'AAAA' } }],
      },
    ];
    const text = deltas.map((delta) => stream.delta(delta)).join('') + stream.end(job);
    const lines = text.split('\n\n').filter((line) => line !== '');
    expect(lines.at(-1)).toBe('data: [DONE]');
    const chunks = lines
      .slice(0, -1)
      .map((line) => JSON.parse(line.slice(6)) as { choices: object[]; service_tier?: string });
    const start = { role: 'assistant', content: '', refusal: null };
    const quiet = { logprobs: null, finish_reason: null };
    expect(chunks.map(({ choices }) => choices)).toEqual([
      [{ index: 1, delta: start, ...quiet }],
      [{ index: 1, delta: { audio: { id: 'audio_1' } }, ...quiet }],
      [{ index: 0, delta: start, ...quiet }],
      [
        {
          index: 0,
          delta: { content: 'a' },
          logprobs: { content: [token], refusal: null },
          finish_reason: null,
        },
      ],
      [{ index: 1, delta: { audio: { data: 'AAAA' } }, ...quiet }],
      [{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }],
      [{ index: 1, delta: {}, logprobs: null, finish_reason: 'length' }],
      [],
    ]);
    expect(chunks.at(-1)?.service_tier).toBe('flex');
  });
});
