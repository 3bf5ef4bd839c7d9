import { startReceiver, waitFor } from '@sluice/testing';
import type OpenAI from 'openai';
import { BadRequestError, NotFoundError } from 'openai';
import type {
  ResponseInput,
  ResponseStreamEvent,
  Tool,
} from 'openai/resources/responses/responses';
import { describe, expect, onTestFinished, test } from 'vitest';

import { models, openaiClient, useOpenaiStack } from '../support/openai-stack.ts';

/** OpenAI's own client, unmodified but for its base URL. */
const stack = useOpenaiStack();
const connect = (options = {}) => openaiClient(stack().url, options);

const tools: Tool[] = [
  {
    type: 'function',
    name: 'get_weather',
    strict: false,
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
];

test('embeddings come as they are asked for; the client asks for base64 by itself', async () => {
  const { embeddings } = connect();
  const body = { model: 'vectors', input: ['hello', 'there'], dimensions: 8 };
  const asked = await embeddings.create(body);
  expect(asked.data.map(({ embedding }) => embedding.length)).toEqual([8, 8]);
  expect(asked.usage.total_tokens).toBeGreaterThan(0);
  const numbers = await embeddings.create({ ...body, encoding_format: 'float' });
  expect(numbers.data[0]?.embedding[0]).toBeCloseTo(asked.data[0]?.embedding[0] ?? 9, 5);
  const base64 = await embeddings.create({ ...body, encoding_format: 'base64' });
  expect(typeof base64.data[0]?.embedding).toBe('string');
  const wrong = embeddings.create({ ...body, dimensions: 0 });
  await expect(wrong).rejects.toMatchObject({ status: 400, param: 'dimensions' });
});

test('models and apps are listed and found by name', async () => {
  const client = connect();
  const ids: string[] = [];
  for await (const { id } of client.models.list()) ids.push(id);
  expect(ids).toEqual(expect.arrayContaining([...models, 'vectors', 'flow']));
  expect(await client.models.retrieve('flow')).toMatchObject({ id: 'flow', object: 'model' });
  await expect(client.models.retrieve('none')).rejects.toBeInstanceOf(NotFoundError);
});

describe('a response', () => {
  test.each([...models, 'flow', 'talk'])('of %s is answered whole', async (model) => {
    const { data, response } = await connect()
      .responses.create({ model, input: 'hello there', instructions: 'Be brief.' })
      .withResponse();
    expect(data).toMatchObject({ object: 'response', status: 'completed', model, error: null });
    expect(data.output_text).toContain('hello there');
    expect(data.usage?.total_tokens).toBeGreaterThan(0);
    expect(response.headers.get('x-usage-token-count')).toBe(String(data.usage?.total_tokens));
    expect(response.headers.get('x-sluice-job-id')).toBe(data.id.replace('resp_', 'job_'));
    expect((await connect().responses.retrieve(data.id)).output).toEqual(data.output);
  });

  test.each([...models, 'talk'])('of %s comes in events that add up to it', async (model) => {
    await stack().simulator.behaviour({ chunkDelayMs: 5 });
    const stream = connect().responses.stream({ model, input: 'hello there' });
    const events: ResponseStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    const final = await stream.finalResponse();
    expect(final.output_text).toContain('hello there');
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, at) => at));
    const types = events.map(({ type }) => type);
    expect(types[0]).toBe('response.created');
    expect(types).toContain('response.output_text.delta');
    expect(types.at(-1)).toBe('response.completed');
    const later = await connect().responses.retrieve(final.id);
    expect(later.output_text).toBe(final.output_text);
  });

  test.each(models)(
    'of %s calls tools, goes on with their results and from a response',
    async (model) => {
      const { responses } = connect();
      const first = await responses.create({ model, input: 'get_weather in Rome', tools });
      const call = first.output.find((item) => item.type === 'function_call');
      if (!call) throw new Error('No tool was called.');
      const output = {
        type: 'function_call_output' as const,
        call_id: call.call_id,
        output: 'sunny',
      };
      const goesOn = { model, tools, input: [output], previous_response_id: first.id };
      const second = await responses.create(goesOn);
      expect(second.output_text).toContain('sunny');
      expect(second.previous_response_id).toBe(first.id);
      const question = { role: 'user' as const, content: 'get_weather in Rome' };
      // The items as they came, which is what everybody sends back; their types say that nobody may.
      const items = [question, ...first.output, output] as unknown as ResponseInput;
      const byHand = await responses.create({ model, tools, input: items });
      expect(byHand.output_text).toBe(second.output_text);
      const listed: string[] = [];
      for await (const { type } of responses.inputItems.list(second.id, { order: 'asc' })) {
        listed.push(type ?? '');
      }
      expect(listed).toEqual(['message', 'function_call', 'function_call_output']);
    },
  );

  test('streams tool calls in pieces', async () => {
    const stream = connect().responses.stream({ model: 'openai', input: 'get_weather', tools });
    const { output } = await stream.finalResponse();
    expect(output).toMatchObject([
      { type: 'function_call', name: 'get_weather', status: 'completed' },
    ]);
  });

  test('is incomplete where the limit cut it', async () => {
    const body = { model: 'openai', input: 'a b c d e f g', max_output_tokens: 2 };
    const cut = await connect().responses.create(body);
    expect(cut).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      max_output_tokens: 2,
    });
  });

  test('is refused with the name of the field', async () => {
    const { responses } = connect();
    const web = responses.create({ model: 'openai', input: 'x', tools: [{ type: 'web_search' }] });
    await expect(web).rejects.toMatchObject({ status: 400, param: 'tools[0].type' });
    const previous = responses.create({
      model: 'openai',
      input: 'x',
      previous_response_id: 'resp_1',
    });
    await expect(previous).rejects.toMatchObject({ param: 'previous_response_id' });
    await expect(previous).rejects.toBeInstanceOf(BadRequestError);
    await expect(responses.retrieve('resp_1')).rejects.toBeInstanceOf(NotFoundError);
    // A job that was made as something else is no response.
    const { id } = await stack().submit({
      type: 'chat',
      model: 'openai',
      input: { messages: [{ role: 'user', content: 'x' }] },
    });
    const other = responses.retrieve(id.replace('job_', 'resp_'));
    await expect(other).rejects.toBeInstanceOf(NotFoundError);
  });
});

async function ended(client: OpenAI, id: string): Promise<OpenAI.Responses.Response> {
  let last = await client.responses.retrieve(id);
  await waitFor(async () => {
    last = await client.responses.retrieve(id);
    return last.status !== 'queued' && last.status !== 'in_progress';
  });
  return last;
}

describe('a response in the background', () => {
  test('is there at once, polled to its end, and erased', async () => {
    await stack().simulator.behaviour({ latencyMs: 300 });
    const client = connect();
    const queued = await client.responses.create({
      model: 'openai',
      input: 'hi',
      background: true,
    });
    expect(queued).toMatchObject({ status: 'queued', background: true, output: [] });
    expect(await ended(client, queued.id)).toMatchObject({ status: 'completed' });
    await client.responses.delete(queued.id);
    await expect(client.responses.retrieve(queued.id)).rejects.toBeInstanceOf(NotFoundError);
  });

  test('is cancelled, as often as one likes', async () => {
    await stack().simulator.behaviour({ latencyMs: 5_000 });
    const client = connect();
    const { id } = await client.responses.create({
      model: 'openai',
      input: 'hi',
      background: true,
    });
    expect(await client.responses.cancel(id)).toMatchObject({ id, status: 'cancelled' });
    expect(await client.responses.cancel(id)).toMatchObject({ id, status: 'cancelled' });
  });

  test('completes although its stream was cut at the first event, and is read on from there', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 20, chunks: 20 });
    const client = connect();
    const body = { model: 'openai', input: 'hello there', background: true, stream: true as const };
    const cut = await client.responses.create(body);
    let id = '';
    for await (const event of cut) {
      if (event.type === 'response.created') ({ id } = event.response);
      break;
    }
    const rest: ResponseStreamEvent[] = [];
    const resumed = await client.responses.retrieve(id, { stream: true, starting_after: 0 });
    for await (const event of resumed) rest.push(event);
    expect(rest.map(({ sequence_number: number }) => number)).toEqual(rest.map((_, at) => at + 1));
    expect(rest.at(-1)?.type).toBe('response.completed');
    const middle = 5;
    const later: ResponseStreamEvent[] = [];
    const again = await client.responses.retrieve(id, { stream: true, starting_after: middle });
    for await (const event of again) later.push(event);
    expect(later).toEqual(rest.slice(middle));
    expect(await stack().simulator.bought('chat')).toBe(1);
    const past = await client.responses.retrieve(id, { stream: true, starting_after: 9_999 });
    const last: string[] = [];
    for await (const { type } of past) last.push(type);
    expect(last.at(-1)).toBe('response.completed');
  });

  test('tells its end by a webhook that the client unwraps', async () => {
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const endpoint = await stack().request('POST', '/v1/webhooks', {
      url: receiver.url,
      events: ['response.*'],
    });
    const { secret } = endpoint.body as { secret: string };
    const client = connect({ webhookSecret: secret });
    const end = async (body: object) => {
      const before = receiver.requests.length;
      const { id } = await client.responses.create({
        model: 'openai',
        input: 'a b c d e',
        background: true,
        ...body,
      });
      await waitFor(() => receiver.requests.length > before);
      const [request] = receiver.requests.slice(before);
      if (!request) throw new Error('nothing came');
      const raw = request.rawBody.toString();
      const event = await client.webhooks.unwrap(raw, request.headers);
      expect(event).toMatchObject({ object: 'event', data: { id } });
      return event.type;
    };
    expect(await end({})).toBe('response.completed');
    expect(await end({ max_output_tokens: 2 })).toBe('response.incomplete');
    const fault = {
      match: { kind: 'chat' as const },
      fault: { kind: 'status' as const, status: 500 },
    };
    await stack().simulator.fault(fault, fault);
    expect(await end({})).toBe('response.failed');
    // What somebody waits for is told to them, not to webhooks.
    await client.responses.create({ model: 'openai', input: 'hi' });
    expect(receiver.requests).toHaveLength(3);
  });

  test('of another tenant is not there', async () => {
    await stack().request('POST', '/v1/admin/tenants', { id: 'other' });
    const made = await stack().request('POST', '/v1/admin/keys', {
      tenant_id: 'other',
      scopes: ['submit', 'read', 'cancel'],
    });
    const { key } = made.body as { key: string };
    const { id } = await connect().responses.create({ model: 'openai', input: 'mine' });
    const { responses } = connect({ apiKey: key });
    const acts = [
      () => responses.retrieve(id),
      () => responses.cancel(id),
      () => responses.delete(id),
      async () => await responses.inputItems.list(id),
      () => responses.retrieve(id, { stream: true }),
    ];
    for (const act of acts) await expect(act()).rejects.toBeInstanceOf(NotFoundError);
    const goesOn = responses.create({ model: 'openai', input: 'x', previous_response_id: id });
    await expect(goesOn).rejects.toMatchObject({ param: 'previous_response_id' });
  });
});
