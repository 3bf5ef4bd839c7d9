import { SluiceError } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import type { BodyState } from './body-reader.ts';
import { LineReader } from './line-reader.ts';

/** Collects lines until one is "end"; throws as a parser does for one that is "{". */
function collector(lines: string[]) {
  return new LineReader('acme', {
    onLine: (line): BodyState => {
      if (line === '{') throw new SluiceError('bad_upstream', 'not JSON');
      lines.push(line);
      return line === 'end' ? 'done' : 'progress';
    },
    end: () => lines,
  });
}

describe('lines', () => {
  it.each(['a\nb\n', 'a\r\nb\r\n', 'a\rb', '\n\na\n \n\nb', '\u{feff}a\nb'])(
    'of %j are a and b',
    (text) => {
      const reader = collector([]);
      expect(reader.write(Buffer.from(text))).toBe('progress');
      expect(reader.end()).toEqual(['a', 'b']);
    },
  );

  it('may be cut inside a character', () => {
    const reader = collector([]);
    const states = Array.from(Buffer.from('東\n🗼\n'), (byte) => reader.write(Buffer.of(byte)));
    expect(states.filter((state) => state === 'progress')).toHaveLength(2);
    expect(reader.end()).toEqual(['東', '🗼']);
  });

  it('make no progress while they are incomplete or empty', () => {
    const reader = collector([]);
    expect(reader.write(Buffer.from('a'))).toBe('waiting');
    expect(reader.write(Buffer.from('\n'))).toBe('progress');
    expect(reader.write(Buffer.from('\n\r\n'))).toBe('waiting');
  });

  it('after the last are not handed over', () => {
    const reader = collector([]);
    expect(reader.write(Buffer.from('a\nend\nb\n'))).toBe('done');
    expect(reader.end()).toEqual(['a', 'end']);
  });

  it('of which half is missing at the end are none, those in the middle are an error', () => {
    const cut = collector([]);
    cut.write(Buffer.from('a\n{'));
    expect(cut.end()).toEqual(['a']);
    expect(() => collector([]).write(Buffer.from('{\na\n'))).toThrow('not JSON');
  });

  it('cannot be missing altogether', () => {
    expect(() => collector([]).end()).toThrow('acme sent nothing');
  });
});
