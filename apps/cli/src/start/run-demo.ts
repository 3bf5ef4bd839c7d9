import type { JobView, SubmitJob } from '@sluice/contracts';

const jobs: SubmitJob[] = [
  {
    type: 'chat',
    model: 'sim-chat',
    input: { messages: [{ role: 'user', content: 'Say hello to Sluice.' }] },
  },
  { type: 'embedding', model: 'sim-embedding', input: { input: ['queues', 'batches'] } },
  {
    type: 'rerank',
    model: 'sim-rerank',
    input: { query: 'Where do jobs wait?', documents: ['in a cup', 'jobs wait in lanes'] },
  },
  {
    type: 'transcription',
    model: 'sim-transcription',
    // The simulator reads a file of plain text aloud.
    input: { audio: { data: btoa('Jobs wait here.'), filename: 'speech.wav' } },
  },
  { type: 'workflow', app: 'sim-workflow', input: { inputs: { topic: 'queues' } } },
  {
    type: 'batch',
    input: {
      requests: [
        {
          type: 'chat',
          custom_id: 'first',
          model: 'sim-chat',
          input: { messages: [{ role: 'user', content: 'One.' }] },
        },
        {
          type: 'workflow',
          custom_id: 'second',
          app: 'sim-workflow',
          input: { inputs: { topic: 'batches' } },
        },
      ],
    },
  },
];

/** Runs one job of each type over HTTP and returns a line for each: what it was and what became of it. */
export async function runDemo(url: string, adminKey: string): Promise<string[]> {
  return await Promise.all(
    jobs.map(async (job) => describe(await submitAndWait(url, adminKey, job))),
  );
}

async function submitAndWait(url: string, adminKey: string, job: SubmitJob): Promise<JobView> {
  const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(30_000);
  const submitted = await fetch(`${url}/v1/jobs`, {
    method: 'POST',
    headers,
    body: JSON.stringify(job),
    signal,
  });
  if (submitted.status !== 202)
    throw new Error(`POST /v1/jobs answered ${submitted.status}: ${await submitted.text()}`);
  // Our own API's reply, in the shape of contracts.
  const { id } = (await submitted.json()) as JobView;
  const ended = await fetch(`${url}/v1/jobs/${id}?wait=25`, { headers, signal });
  return (await ended.json()) as JobView;
}

function describe(job: JobView): string {
  const name = job.model ?? job.app ?? '';
  const words = [
    job.type.padEnd(13),
    name.padEnd(17),
    job.state,
    `in ${job.latency_ms ?? '?'} ms`,
    job.usage && `${job.usage.total_tokens} tokens`,
    job.cost_usd && job.cost_usd !== 'unknown' && `$${job.cost_usd}`,
    resultOf(job),
  ];
  return words.filter(Boolean).join('  ');
}

function resultOf(job: JobView): string {
  if (job.error) return `${job.error.code}: ${job.error.message}`;
  const { result } = job;
  if (result?.type === 'chat') return JSON.stringify(result.message.content);
  if (result?.type === 'embedding') return `${result.data.length} vectors`;
  if (result?.type === 'transcription') return JSON.stringify(result.text);
  if (result?.type === 'rerank') return `document ${result.results[0]?.index} fits best`;
  if (result?.type === 'workflow')
    return `${result.status}, outputs ${JSON.stringify(result.outputs)}`;
  if (result?.type === 'batch')
    return `${result.summary.succeeded} of ${result.summary.total} succeeded`;
  return '';
}
