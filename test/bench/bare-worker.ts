import { Worker, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import { request } from 'undici';

import { concurrency } from './settings.ts';

/** What the bare job carries: the model and the messages, as the upstream wants them. */
type Input = Record<string, unknown>;

/** The baseline of `jobs`: a BullMQ worker that makes the call, reads the stream to its end, and returns the answer. */
const url = `${process.env['UPSTREAM_URL']}/chat/completions`;
const connection = new Redis(process.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: null });
const worker = new Worker('bare', async (job: Job<Input>) => await chat(job.data), {
  connection,
  concurrency,
});
await worker.waitUntilReady();
process.send?.({ type: 'ready' });
process.once('SIGTERM', () => process.exit(0));
process.once('disconnect', () => process.exit(0));

async function chat(input: Input): Promise<{ content: string; usage: unknown }> {
  const reply = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sim-key' },
    body: JSON.stringify({ ...input, stream: true, stream_options: { include_usage: true } }),
  });
  if (reply.statusCode !== 200) throw new Error(`upstream: ${reply.statusCode}`);
  return readEvents(await reply.body.text());
}

interface Chunk {
  choices: { delta: { content?: string | null } }[];
  usage?: unknown;
}

function readEvents(text: string): { content: string; usage: unknown } {
  let content = '';
  let usage: unknown;
  for (const event of text.split('\n\n')) {
    if (event === '' || event === 'data: [DONE]') continue;
    const chunk = JSON.parse(event.slice('data: '.length)) as Chunk;
    content += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  return { content, usage };
}
