import type { UpstreamHandle } from '@sluice/contracts';
import { expect, test } from 'vitest';

import {
  detail,
  ended,
  failure,
  handle,
  ids,
  impatientClock,
  json,
  run,
  startDify,
  started,
  stream,
  type Handler,
} from './fake-dify.ts';

const form = (token: string) => ({
  form_id: `id-${token}`,
  form_token: token,
  node_id: `node-${token}`,
  node_title: 'Approve',
  form_content: 'Send it?',
  inputs: [{ output_variable_name: 'comment', type: 'paragraph' }],
  actions: [{ id: 'yes', title: 'Yes', button_style: 'primary' }],
  display_in_ui: false,
  resolved_default_values: { comment: 'ok' },
  expiration_time: 2_000_000_000,
});
const asked = (token: string) => ({ event: 'human_input_required', ...ids, data: form(token) });
const paused = (reasons: object[] = []) => ({
  event: 'workflow_paused',
  ...ids,
  data: { status: 'paused', reasons },
});
const { display_in_ui: _, ...shown } = form('t1');
const kept = { ...shown, asked_at_ms: expect.any(Number) as number };
const resume: UpstreamHandle = { ...handle, sent_at_ms: 1, forms: [{ ...kept, asked_at_ms: 1 }] };
const formAnswer = { form_token: 't1', action: 'yes', inputs: { comment: 'go' } };
const answering =
  (...events: object[]): Handler =>
  (_request, response) =>
    void stream(response, ...events).end();

test('a run that asks a person is paused; the form is in its handle before', async () => {
  const dify = await startDify({ run: answering(started, asked('t1'), paused()) });
  const { outcome, handles } = run(dify, { user: 'ann' });
  expect(await outcome).toEqual({ pause: { forms: [kept] }, upstreamRequestId: undefined });
  expect(handles.at(-1)).toMatchObject({ run_id: 'run-1', forms: [kept] });
});

test('a form that is told only as the reason of the pause is understood', async () => {
  const dify = await startDify({
    run: answering(started, paused([form('t1'), { type: 'other' }])),
  });
  expect(await run(dify).outcome).toMatchObject({ pause: { forms: [kept] } });
});

test('a run that still waits is paused again after one look', async () => {
  const dify = await startDify({ detail: (_request, response) => detail(response, 'paused') });
  expect(await run(dify, { resume }).outcome).toMatchObject({ pause: { forms: [kept] } });
  expect(dify.requests).toEqual(['GET /v1/workflows/run/run-1']);
});

test('a pause whose form never arrived is asked for it', async () => {
  const dify = await startDify({
    detail: (_request, response) => detail(response, 'paused'),
    events: answering(started, paused([form('t1')])),
  });
  const bare = run(dify, { resume: { ...handle, sent_at_ms: 1 } });
  expect(await bare.outcome).toMatchObject({ pause: { forms: [kept] } });

  const silent = await startDify({ detail: (_request, response) => detail(response, 'paused') });
  const { clock } = impatientClock();
  const never = run({ ...silent, clock }, { resume: { ...handle, sent_at_ms: 1 } });
  expect(await never.outcome).toMatchObject({ pause: { forms: [] } });
});

test('an answer is handed in as the run’s user, and the run is followed past its pause', async () => {
  let looks = 0;
  const dify = await startDify({
    form: (_request, response) => json(response, 200, {}),
    // Dify's workers take a moment to go on.
    detail: (_request, response) => detail(response, (looks += 1) < 2 ? 'paused' : 'running'),
    events: answering(started, paused([form('t1')]), ended()),
  });
  const { reply, handles } = run(dify, { resume, formAnswer });
  expect((await reply).result).toMatchObject({ status: 'succeeded', outputs: { answer: 42 } });
  expect(dify.requests).toEqual([
    'POST /v1/form/human_input/t1',
    'GET /v1/workflows/run/run-1',
    'GET /v1/workflow/run-1/events?user=ann&include_state_snapshot=true&continue_on_pause=true',
  ]);
  expect(dify.bodies[0]).toEqual({ inputs: { comment: 'go' }, action: 'yes', user: 'ann' });
  expect(handles.at(-1)?.forms).toEqual([]);
});

test('a run may ask again, and its next form pauses it', async () => {
  const dify = await startDify({
    form: (_request, response) => json(response, 200, {}),
    detail: (_request, response) => detail(response, 'running'),
    events: answering(started, asked('t2'), paused([form('t2')])),
  });
  const outcome = await run(dify, { resume, formAnswer }).outcome;
  expect(outcome).toMatchObject({ pause: { forms: [{ form_token: 't2' }] } });
});

test.each(['human_input_form_submitted', 'human_input_form_expired'])(
  'an answer that comes too late (%s) changes nothing: the run goes on',
  async (code) => {
    const dify = await startDify({
      form: (_request, response) => json(response, 412, { code, message: 'late', status: 412 }),
      detail: (_request, response) => detail(response, 'succeeded'),
    });
    expect((await run(dify, { resume, formAnswer }).reply).result.status).toBe('succeeded');
  },
);

test('an answer that Dify does not take leaves the run paused and says why', async () => {
  const refused = { code: 'invalid_param', message: 'comment is required', status: 400 };
  const dify = await startDify({ form: (_request, response) => json(response, 400, refused) });
  const outcome = await run(dify, { resume, formAnswer }).outcome;
  expect(outcome).toMatchObject({
    pause: {
      forms: [{ form_token: 't1', rejected: expect.stringContaining('comment is required') }],
    },
  });
  expect(dify.requests).toHaveLength(1);
});

test('an answer that could not be handed in is tried again', async () => {
  const dify = await startDify({
    form: (_request, response) => void response.writeHead(503).end(),
  });
  expect(await failure(run(dify, { resume, formAnswer }).reply)).toMatchObject({ retryable: true });
});

test('a form that was answered elsewhere is forgotten', async () => {
  const filled = { event: 'human_input_form_filled', ...ids, data: { node_id: 'node-t1' } };
  const dify = await startDify({
    detail: (_request, response) => detail(response, 'running'),
    events: answering(started, filled, ended()),
  });
  const { reply, handles } = run(dify, { resume });
  expect((await reply).result.status).toBe('succeeded');
  expect(handles.at(-1)?.forms).toEqual([]);
});
