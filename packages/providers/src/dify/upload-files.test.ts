import { expect, test } from 'vitest';

import { ended, failure, json, run, startDify, started, stream } from './fake-dify.ts';

const data = Buffer.from('hello').toString('base64');
const carried = {
  type: 'document',
  transfer_method: 'base64',
  data,
  filename: 'note.txt',
  mime_type: 'text/plain',
} as const;
const uploaded = { type: 'document', transfer_method: 'local_file', upload_file_id: 'file-1' };
const remote = {
  type: 'image',
  transfer_method: 'remote_url',
  url: 'https://a.test/b.png',
} as const;

test('files that a job carries are uploaded before anything is sent, as the user who runs the app', async () => {
  const dify = await startDify({
    upload: (_, response) => json(response, 201, { id: 'file-1', name: 'note.txt' }),
    run: (_, response) => void stream(response, started, ended()).end(),
  });
  const input = {
    inputs: { doc: carried, list: [carried, 'x'], text: 'y' },
    files: [remote, carried],
  };
  const { reply, log } = run(dify, { input, user: 'ann' });
  await reply;
  expect(dify.requests).toEqual([
    ...Array.from({ length: 3 }, () => 'POST /v1/files/upload'),
    'POST /v1/workflows/run',
  ]);
  expect(dify.headers[0]?.['content-type']).toMatch(/^multipart\/form-data; boundary=/);
  expect(dify.bodies[0]).toMatch(
    /name="file"; filename="note.txt"\r\nContent-Type: text\/plain\r\n\r\nhello/,
  );
  expect(dify.bodies[0]).toMatch(/name="user"\r\n\r\nann/);
  expect(dify.bodies.at(-1)).toMatchObject({
    inputs: { doc: uploaded, list: [uploaded, 'x'], text: 'y' },
    files: [remote, uploaded],
  });
  expect(log[0]).toBe('sent');
});

test('a file that Dify refuses fails the job before anything is sent', async () => {
  const refused = { code: 'file_too_large', message: 'too large', status: 413 };
  const dify = await startDify({ upload: (_, response) => json(response, 413, refused) });
  const { reply, log } = run(dify, { input: { inputs: {}, files: [carried] } });
  expect(await failure(reply)).toMatchObject({ retryable: false, upstreamStatus: 413 });
  expect(dify.requests).toEqual(['POST /v1/files/upload']);
  expect(log).toEqual([]);
});

test('a file that was uploaded to Sluice is given to Dify, and one that Dify knows is passed on', async () => {
  const dify = await startDify({
    upload: (_, response) => json(response, 201, { id: 'file-1', name: 'note.txt' }),
    run: (_, response) => void stream(response, started, ended()).end(),
  });
  const known = {
    type: 'image',
    transfer_method: 'local_file',
    upload_file_id: 'at-dify',
  } as const;
  const ours = { ...uploaded, type: 'document', upload_file_id: 'file-ours' } as const;
  const input = { inputs: { doc: ours }, files: [known] };
  const file = { bytes: Buffer.from('hello'), filename: 'note.txt', mediaType: 'text/plain' };
  const openFile = async (id: string) => (id === 'file-ours' ? file : undefined);
  const { reply } = run(dify, { input, user: 'ann', openFile });
  await reply;
  expect(dify.requests).toEqual(['POST /v1/files/upload', 'POST /v1/workflows/run']);
  expect(dify.bodies[0]).toMatch(/filename="note.txt"\r\nContent-Type: text\/plain\r\n\r\nhello/);
  expect(dify.bodies.at(-1)).toMatchObject({ inputs: { doc: uploaded }, files: [known] });
});
