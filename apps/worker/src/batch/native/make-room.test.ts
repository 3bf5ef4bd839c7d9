import type { NativePart } from '@sluice/contracts';
import { expect, it } from 'vitest';

import { isHeldBack } from './make-room.ts';

const part = (state: NativePart['state'], more: Partial<NativePart> = {}): NativePart => ({
  state,
  provider: 'openai',
  model: 'gpt',
  type: 'chat',
  from: 0,
  cursor: 0,
  to: 1,
  lines: 1,
  ...more,
});
const tight = part('planned', { isTight: true });
const counts = { succeeded: 0, failed: 0 };

it.each<[string, NativePart[], boolean]>([
  ['is alone', [], false],
  ['comes behind one that is in its vendor’s queue', [part('sent', { counts })], false],
  ['comes behind one of which nobody knows yet', [part('sent')], true],
  ['comes behind one that is being sent', [part('sending')], true],
  ['comes behind another one that waits', [part('planned', { isTight: true })], true],
  ['comes behind one of another model', [part('sending', { model: 'mini' })], false],
])('a piece that %s is held back: %s', (_, others, isHeld) => {
  expect(isHeldBack(tight, [...others, tight])).toBe(isHeld);
});

it('a part that never lacked room is not', () => {
  const planned = part('planned');
  expect(isHeldBack(planned, [part('sent'), planned])).toBe(false);
});
