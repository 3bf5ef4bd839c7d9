import { describe, expect, it } from 'vitest';

import { maxAudioBytes, transcriptionInput } from './transcription.ts';

const audio = { data: 'UklGRg==', filename: 'a.wav' };

function problems(input: unknown): string[] {
  const { issues = [] } = transcriptionInput.safeParse(input).error ?? {};
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('the input of a transcription job', () => {
  it.each([
    [{ audio }],
    [{ audio: { url: 'https://example.com/a.mp3' } }],
    [{ audio, response_format: 'verbose_json', timestamp_granularities: ['word'] }],
  ])('may be %j', (input) => {
    expect(transcriptionInput.parse(input)).toEqual(input);
  });

  it.each([
    [{ audio: {} }, 'audio: must have data or url'],
    [{ audio: { ...audio, url: 'http://h/a' } }, 'audio.url: must not stand beside data'],
    [{ audio: { data: 'UklGRg==' } }, 'audio.filename: must be given with data'],
    [{ audio: { ...audio, data: 'UklG-g==' } }, 'audio.data: must be base64'],
    [{ audio: { ...audio, data: 'UklGR' } }, 'audio.data: must be base64'],
    [{ audio: { ...audio, data: 'Uk=lGRg=' } }, 'audio.data: must be base64'],
    [{ audio: { url: 'file:///etc/passwd' } }, 'audio.url: must be an http or https URL'],
    [
      { audio, timestamp_granularities: ['word'] },
      'timestamp_granularities: needs response_format verbose_json',
    ],
  ])('is refused by name: %j', (input, problem) => {
    expect(problems(input)).toEqual([problem]);
  });

  it.each(['../a.wav', 'a/b.wav', 'a\n.wav', 'a".wav'])('has no file called %j', (filename) => {
    expect(problems({ audio: { ...audio, filename } })).toHaveLength(1);
  });

  it('is refused where the sound is too large', () => {
    const data = 'AAAA'.repeat(maxAudioBytes / 3 + 2);
    const problem = `audio.data: must have at most ${maxAudioBytes} bytes, decoded`;
    expect(problems({ audio: { ...audio, data } })).toEqual([problem]);
  });
});
