import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { createAdminClient, explain } from '../connect.ts';
import { readLimits } from './commands.ts';

test('the client sends the key and shows what the API says of a refusal', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization, `${request.method} ${request.url}`);
    response.writeHead(request.method === 'GET' ? 200 : 409, {
      'Content-Type': 'application/json',
    });
    response.end(
      request.method === 'GET'
        ? '{"data":[]}'
        : '{"error":{"code":"already_exists","message":"id: taken"}}',
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  // A TCP server's address is never a path.
  const { port } = server.address() as AddressInfo;
  const SLUICE_URL = `http://127.0.0.1:${port}`;
  const client = await createAdminClient({ SLUICE_URL, SLUICE_ADMIN_KEY: 'the-key' });
  expect(await client('GET', '/v1/admin/tenants')).toEqual({ data: [] });
  expect(seen).toEqual(['Bearer the-key', 'GET /v1/admin/tenants']);
  await expect(client('POST', '/v1/admin/tenants', { id: 'a' })).rejects.toThrow('id: taken');
});

test('without a key, or without an answer, it says what to set', async () => {
  await expect(createAdminClient({ SLUICE_DATA_DIR: '/nowhere' })).rejects.toThrow(
    'set SLUICE_ADMIN_KEY',
  );
  const client = await createAdminClient({
    SLUICE_ADMIN_KEY: 'k',
    SLUICE_URL: 'http://127.0.0.1:1',
  });
  const error: unknown = await client('GET', '/').catch((thrown: unknown) => thrown);
  expect(explain(error)).toMatch(/^no answer from http:\/\/127\.0\.0\.1:1: .*set SLUICE_URL$/);
});

test('limits are written as name=number, and none takes a limit away', () => {
  expect(readLimits(['requestsPerMinute=100', 'concurrency=none', 'tokensPerMinute=many'])).toEqual(
    { requestsPerMinute: 100, concurrency: null, tokensPerMinute: 'many' },
  );
});
