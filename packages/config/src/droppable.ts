import { chatInput, embeddingInput, rerankInput, transcriptionInput } from '@sluice/contracts';

import { suggestName } from './nearest-name.ts';

/** What a request is about is never left out. */
const content = ['messages', 'input', 'query', 'documents', 'audio'];
const inputs = [chatInput, embeddingInput, rerankInput, transcriptionInput];
const parameters = ['user', ...inputs.flatMap(({ shape }) => Object.keys(shape))];
/** The parameters that a model may leave out by name. */
export const droppable = [...new Set(parameters)]
  .filter((name) => !content.includes(name))
  .toSorted();

/** What is wrong with a list of them. */
export function sayDroppable({ input }: { input: unknown }): string {
  if (!Array.isArray(input)) return 'must be true, false, or a list such as [seed, top_k]';
  const unknown = input.find((each) => !droppable.includes(String(each)));
  return unknown === undefined
    ? 'must name at least one parameter'
    : `has no parameter ${JSON.stringify(unknown)}; ${suggestName(String(unknown), droppable)}`;
}
