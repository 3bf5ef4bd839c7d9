import { anyCharacter } from '@sluice/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { SluiceError } from '@sluice/contracts';

import { scanJson } from './scan-json.ts';

const scan = (text: string) => scanJson(Buffer.from(text));

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, child) => sum + countKeys(child), own);
}

describe('scanJson', () => {
  it('counts the keys of any JSON text, whatever its strings hold', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: anyCharacter }), (value) => {
        expect(scan(JSON.stringify(value)).keys).toBe(countKeys(JSON.parse(JSON.stringify(value))));
      }),
    );
  });

  it('takes no bracket, colon or quote inside a string for structure', () => {
    expect(scan(String.raw`{"a":"[[[{{:,\"\\","b":"\\\\"}`)).toEqual({ keys: 2 });
  });

  it.each(['[', '{"a":'])('allows 64 levels of %s and refuses 65, closed or not', (open) => {
    expect(() => scan(open.repeat(64))).not.toThrow();
    for (const depth of [65, 200, 4_000, 200_000]) {
      expect(() => scan(open.repeat(depth))).toThrow(SluiceError);
    }
  });

  it('refuses more than 50,000 values before they become objects', () => {
    expect(() => scan(`[${'0,'.repeat(50_000)}0]`)).not.toThrow();
    expect(() => scan(`[${'0,'.repeat(50_001)}0]`)).toThrow(/50000 values/);
  });

  it('ends on any bytes, also in the middle of a string or an escape', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          scanJson(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(SluiceError);
        }
      }),
    );
  });
});
