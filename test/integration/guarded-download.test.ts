import { SluiceError } from '@sluice/contracts';
import { startReceiver, type Receiver } from '@sluice/testing';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';

import { createDownloader, type Download } from '@sluice/runtime';

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

const audio = { 'content-type': 'Audio/MPEG; x=1' };

function download(more: Partial<Download> & { allow?: string[] } = {}) {
  const { allow = ['127.0.0.1'], ...rest } = more;
  const downloader = createDownloader({ allowPrivateHosts: allow });
  onTestFinished(() => downloader.close());
  return downloader.download({
    url: `${receiver.url}/a.mp3`,
    param: 'input.audio.url',
    maxBytes: 10,
    accepts: (type) => type.startsWith('audio/'),
    signal: new AbortController().signal,
    ...rest,
  });
}

it('gives the file, its type and where it was', async () => {
  receiver.script(
    { status: 302, headers: { location: '/b.mp3?x=1' } },
    { headers: audio, body: '0123456789' },
  );
  const { bytes, ...rest } = await download();
  expect(bytes.toString()).toBe('0123456789');
  expect(rest).toEqual({ mediaType: 'audio/mpeg', url: `${receiver.url}/b.mp3?x=1` });
});

it('refuses a private address, also behind a redirect, and makes no connection to it', async () => {
  const before = receiver.requests.length;
  await expect(download({ allow: [] })).rejects.toMatchObject({ code: 'blocked_address' });
  expect(receiver.requests).toHaveLength(before);

  const hidden = receiver.url.replace('127.0.0.1', '127.0.0.2');
  receiver.script({ status: 307, headers: { location: `${hidden}/x` } });
  await expect(download()).rejects.toMatchObject({
    code: 'blocked_address',
    param: 'input.audio.url',
    retryable: false,
  });
  receiver.script({ status: 302, headers: { location: 'file:///etc/passwd' } });
  await expect(download()).rejects.toMatchObject({ code: 'blocked_address' });
  expect(receiver.requests).toHaveLength(before + 2);
});

it.each([
  ['another type', { headers: { 'content-type': 'text/html' }, body: 'x' }, false, 'text/html'],
  ['no type', { body: 'x' }, false, 'unknown'],
  [
    'a file that is too large',
    { headers: audio, body: '01234567890' },
    false,
    'more than 10 bytes',
  ],
  [
    'a file that is too large and does not say so',
    { headers: { ...audio, 'transfer-encoding': 'chunked' }, body: '01234567890' },
    false,
    'more than 10 bytes',
  ],
  ['an empty file', { headers: audio, body: '' }, false, 'empty'],
  ['404', { status: 404, headers: audio, body: 'x' }, false, 'answered 404'],
  ['503', { status: 503, headers: audio, body: 'x' }, true, 'answered 503'],
  ['a reset', { fault: 'reset' as const }, true, 'cannot be reached'],
])('fails for %s', async (_what, reply, retryable, message) => {
  receiver.script(reply);
  const error: unknown = await download().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'download_failed', retryable, param: 'input.audio.url' });
  expect(error).toHaveProperty('message', expect.stringContaining(message));
});

it('fails for endless redirects', async () => {
  receiver.otherwise({ status: 301, headers: { location: '/again' } });
  await expect(download()).rejects.toMatchObject({ code: 'download_failed', retryable: false });
  receiver.otherwise({});
});

it('ends with the reason of its signal', async () => {
  receiver.script({ fault: 'never' });
  const controller = new AbortController();
  const reason = new SluiceError('cancelled', 'enough');
  const before = receiver.requests.length;
  const downloading = download({ signal: controller.signal });
  await receiver.waitForRequests(before + 1);
  controller.abort(reason);
  await expect(downloading).rejects.toBe(reason);
});
