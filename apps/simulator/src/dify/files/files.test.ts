import { expect, test } from 'vitest';
import { startSimulator } from '../../test-client.ts';
import type { TestClient, VendorReply } from '../../test-client.ts';

const key = 'app-1';

function upload(client: TestClient, form: FormData): Promise<VendorReply> {
  return fetch(`${client.simulator.url}/dify/v1/files/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: form,
  });
}

test('an uploaded file can be used by its user only', async () => {
  const client = await startSimulator();
  const form = new FormData();
  form.set('file', new File(['héllo'], 'note.txt', { type: 'text/plain' }));
  form.set('user', 'user-1');
  const response = await upload(client, form);
  expect(response.status).toBe(201);
  const file = await response.json();
  expect(file).toMatchObject({
    name: 'note.txt',
    size: 6,
    extension: 'txt',
    mime_type: 'text/plain',
    created_by: 'user-1',
  });
  const reference = { type: 'document', transfer_method: 'local_file', upload_file_id: file.id };
  const run = (user: string) =>
    client.post('/dify/v1/workflows/run', { inputs: { documents: [reference] }, user }, { key });
  expect((await run('user-1')).status).toBe(200);
  const foreign = await run('user-2');
  expect(foreign.status).toBe(400);
  expect((await foreign.json()).code).toBe('invalid_param');
});

test('an upload without a file or a user is refused', async () => {
  const client = await startSimulator();
  const form = new FormData();
  form.set('user', 'user-1');
  expect((await (await upload(client, form)).json()).code).toBe('no_file_uploaded');
  const nobody = new FormData();
  nobody.set('file', new File(['x'], 'x'));
  expect((await (await upload(client, nobody)).json()).code).toBe('invalid_param');
  const response = await client.post('/dify/v1/files/upload', {}, { key });
  expect((await response.json()).code).toBe('no_file_uploaded');
});
