/**
 * Recommendations from a Dify workflow, and from a plain model while the workflow fails or takes too long:
 *
 *     SLUICE_API_KEY=$(cat .data/admin-key) node examples/src/recommendations.ts "books about queues"
 *
 * A restart of this program, of Sluice or of its workers does not run the workflow twice: the key of the request finds the run.
 */
import { createHash } from 'node:crypto';

import { createClient, SluiceClientError } from '@sluice/client';

const { SLUICE_URL: baseUrl = 'http://127.0.0.1:8080', SLUICE_API_KEY: apiKey = '' } = process.env;
const sluice = createClient({ baseUrl, apiKey });
const topic = process.argv[2] ?? 'books about queues';
const today = new Date().toISOString().slice(0, 10);
const key = createHash('sha256').update(`${today} ${topic}`).digest('hex');

process.stdout.write(`${JSON.stringify(await recommend())}\n`);

/** One list a topic and day. */
async function recommend(): Promise<{ from: string; text: string; cost_usd: string }> {
  try {
    const { result, cost_usd: cost = 'unknown' } = await sluice.jobs.run(
      {
        type: 'workflow',
        app: 'sim-workflow',
        input: { inputs: { topic } },
        // Counted from now, with all that it waits: then it ends as `expired`.
        timeout_seconds: 300,
      },
      { idempotencyKey: `workflow-${key}` },
    );
    if (result?.type !== 'workflow') throw new Error('a workflow has a result of its own');
    return { from: 'workflow', text: JSON.stringify(result.outputs), cost_usd: cost };
  } catch (error) {
    if (!(error instanceof SluiceClientError) || error.code !== 'job_failed') throw error;
    process.stderr.write(`the workflow gave nothing (${error.message}); asking a model\n`);
    return await askModel();
  }
}

async function askModel(): Promise<{ from: string; text: string; cost_usd: string }> {
  const question = `Recommend three ${topic}, a line each.`;
  const { result, cost_usd: cost = 'unknown' } = await sluice.jobs.run(
    { type: 'chat', model: 'sim-chat', input: { messages: [{ role: 'user', content: question }] } },
    { idempotencyKey: `model-${key}` },
  );
  if (result?.type !== 'chat') throw new Error('a chat has a result of its own');
  return { from: 'model', text: result.message.content ?? '', cost_usd: cost };
}
