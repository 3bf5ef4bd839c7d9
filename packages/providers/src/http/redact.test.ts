import { describe, expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { excerptOf, redactorOf } from './redact.ts';

const target = targetOf('x', 'http://x', { apiKey: ' "Bearer hunter2hunter2" ' });
target.provider.headers = { 'x-extra': 'also-secret', 'x-short': 'on' };
const redact = redactorOf(target);

describe('redaction', () => {
  it.each([
    ['key hunter2hunter2 is wrong', 'key [redacted] is wrong'],
    ['x-extra was also-secret', 'x-extra was [redacted]'],
    ['Authorization: Bearer abc.def', 'Authorization: [redacted]'],
    ['Incorrect API key provided: sk-proj-****9xyz.', 'Incorrect API key provided: [redacted]'],
    [
      'app-5dF0g7h2 and gsk_abcdef123 and dataset-aaaabbbbccccdddd',
      '[redacted] and [redacted] and [redacted]',
    ],
  ])('takes secrets out of "%s"', (text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  it.each([
    'app_unavailable',
    'api_key_invalid',
    'key_not_found',
    'turn it on',
    'sk-8',
    'app-store',
  ])('leaves "%s" as it is', (text) => {
    expect(redact(text)).toBe(text);
  });
});

describe('an excerpt', () => {
  it('is one line of at most so many characters', () => {
    expect(excerptOf('a\r\n\tb\u0000  c', redact)).toBe('a b c');
    expect(excerptOf('y'.repeat(1_000), redact)).toBe(`${'y'.repeat(199)}…`);
    expect(excerptOf('y'.repeat(200), redact)).toBe('y'.repeat(200));
  });

  it('never shows the beginning of a key that it cuts', () => {
    const excerpt = excerptOf(`${'y'.repeat(195)} hunter2hunter2`, redact);
    expect(excerpt).not.toContain('hunt');
  });
});
