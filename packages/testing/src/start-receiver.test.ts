import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { startReceiver, type Receiver } from './start-receiver.ts';

describe('the receiver', () => {
  let receiver: Receiver;

  beforeEach(async () => {
    receiver = await startReceiver();
    onTestFinished(async () => await receiver.close());
  });

  const post = async (body: string) =>
    await fetch(`${receiver.url}/hook?x=1`, { method: 'POST', body, headers: { 'X-Id': '7' } });

  test('records method, path, headers and the raw body', async () => {
    await post('{"a": "ü"}');
    const [request] = await receiver.waitForRequests(1);
    expect(request).toMatchObject({
      method: 'POST',
      path: '/hook?x=1',
      headers: { 'x-id': '7' },
      rawBody: Buffer.from('{"a": "ü"}'),
    });
  });

  test('answers as scripted, then as told for the rest', async () => {
    receiver.script(
      { status: 500 },
      { status: 429, headers: { 'retry-after': '2' }, body: 'slow' },
    );
    receiver.otherwise({ status: 410 });
    const answers = [await post('1'), await post('2'), await post('3')];
    expect(answers.map((each) => each.status)).toEqual([500, 429, 410]);
    expect(answers[1]?.headers.get('retry-after')).toBe('2');
    expect(await answers[1]?.text()).toBe('slow');
  });

  test('can cut the connection', async () => {
    receiver.script({ fault: 'reset' });
    await expect(post('1')).rejects.toThrow('fetch failed');
  });

  test('can leave a request open, and closes all the same', async () => {
    receiver.script({ fault: 'never' });
    const open = post('1').catch((error: unknown) => error);
    await receiver.waitForRequests(1);
    await receiver.close();
    expect(await open).toBeInstanceOf(TypeError);
  });
});
