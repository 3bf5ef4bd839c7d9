import type { NativePart } from '@sluice/contracts';

import { inputTokensOf, maxOutputOf, targetName } from '../../permit/charge-call.ts';
import type { FileBatchDeps } from '../file/file-batch.ts';
import { linesOfPart, type PartInHand, type PartLine } from './native-batch.ts';

export type PartTokens = NonNullable<NativePart['tokens']>;

/** What the part may take, in tokens: of all its lines, each as a call of its own is reckoned. */
export async function tokensOf(inHand: PartInHand, deps: FileBatchDeps): Promise<PartTokens> {
  const { tokens } = inHand.part;
  if (tokens) return tokens;
  let sum: PartTokens = { input: 0, output: 0 };
  for await (const line of linesOfPart(inHand, deps)) {
    sum = sumOf(sum, await tokensOfLine(inHand, line, deps));
  }
  return sum;
}

/** The same of one line. */
export async function tokensOfLine(
  { target, signal }: PartInHand,
  { request }: PartLine,
  { forecast }: Pick<FileBatchDeps, 'forecast'>,
): Promise<PartTokens> {
  const call = { record: request, target };
  const input = await inputTokensOf(call, signal);
  return { input, output: maxOutputOf(call) ?? forecast.expect(targetName(call)) };
}

export function sumOf(one: PartTokens, other: PartTokens): PartTokens {
  return { input: one.input + other.input, output: one.output + other.output };
}
