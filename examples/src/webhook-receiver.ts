/**
 * An Express app that answers at once and gets its results by webhook:
 *
 *     SLUICE_API_KEY=$(cat .data/admin-key) WEBHOOK_SECRET=whsec_… node examples/src/webhook-receiver.ts
 *     curl -sS http://127.0.0.1:9000/questions -H 'Content-Type: application/json' -d '{"question":"What is a lane?"}'
 *     curl -sS http://127.0.0.1:9000/answers
 *
 * The secret is yours: `whsec_` and 24 or more random bytes in base64 (`openssl rand -base64 24`).
 */
import { createClient, SluiceClientError, verifyWebhook } from '@sluice/client';
import express from 'express';

const {
  SLUICE_URL: baseUrl = 'http://127.0.0.1:8080',
  SLUICE_API_KEY: apiKey = '',
  WEBHOOK_SECRET: secret = '',
  PORT: port = '9000',
} = process.env;
const sluice = createClient({ baseUrl, apiKey });
const answers = new Map<string, string>();
/** Events come at least once: what is here was seen before. A service of more than one process keeps them in its database. */
const seen = new Set<string>();
const app = express();

// Express 5 passes a rejection on by itself.
// oxlint-disable-next-line oxc/no-async-endpoint-handlers
app.post('/questions', express.json(), async (request, response) => {
  // Validated by Sluice, whose error names the field.
  const { question } = request.body as { question: string };
  const job = await sluice.jobs.submit({
    type: 'chat',
    model: 'sim-chat',
    input: { messages: [{ role: 'user', content: question }] },
    webhook: { url: `http://127.0.0.1:${port}/hook`, secret },
  });
  response.status(202).json({ id: job.id });
});

// The bytes as they came: a body that was parsed and written anew has another signature.
app.post('/hook', express.raw({ type: 'application/json', limit: '1mb' }), (request, response) => {
  // Made by `express.raw`.
  const event = verifyWebhook(request.body as Buffer, request.headers, secret);
  if ('job_id' in event.data && !seen.has(event.id)) {
    seen.add(event.id);
    const { job_id: id, state, result, error } = event.data;
    const text = result?.type === 'chat' ? result.message.content : undefined;
    answers.set(id, text ?? error?.message ?? state);
  }
  response.sendStatus(204);
});

app.get('/answers', (_request, response) => {
  response.json(Object.fromEntries(answers));
});

const onError: express.ErrorRequestHandler = (error, _request, response, _next) => {
  const isOurs = error instanceof SluiceClientError;
  const status = isOurs ? (error.code === 'bad_signature' ? 401 : (error.status ?? 502)) : 500;
  response.status(status).json({ error: error instanceof Error ? error.message : 'unknown' });
};
app.use(onError);

app.listen(Number(port), '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${port}\n`));
