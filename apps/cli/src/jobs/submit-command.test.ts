import { expect, test } from 'vitest';

import { jobOf } from './submit-command.ts';

test('words become a chat, or a run of an app', () => {
  expect(jobOf('Hello', { model: 'fast', system: 'Be short.', priority: 'high' })).toEqual({
    type: 'chat',
    model: 'fast',
    priority: 'high',
    input: {
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'Hello' },
      ],
    },
  });
  expect(jobOf('', { app: 'flow', input: '{"topic":"queues"}' })).toEqual({
    type: 'workflow',
    app: 'flow',
    input: { inputs: { topic: 'queues' } },
  });
  expect(jobOf('why?', { app: 'talk' })).toMatchObject({ input: { inputs: {}, query: 'why?' } });
});

test.each([
  ['neither a model nor an app', 'x', {}, 'give --model, --app or --file'],
  ['both', 'x', { model: 'a', app: 'b' }, 'give --model, --app or --file'],
  ['no question', '', { model: 'a' }, 'say what to ask'],
  ['input that is no JSON', '', { app: 'a', input: '{' }, '--input: is not JSON'],
  ['input that is no object', '', { app: 'a', input: '[]' }, '--input: must be a JSON object'],
])('%s is refused', (_, prompt, options, message) => {
  expect(() => jobOf(prompt, options)).toThrow(message);
});
