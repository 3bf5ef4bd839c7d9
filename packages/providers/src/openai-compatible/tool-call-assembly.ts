import type { ToolCall, ToolCallDelta as Piece } from '@sluice/contracts';

import type { ToolCallDelta } from './chat-chunk.ts';

interface Draft {
  index: number | undefined;
  id: string;
  name: string;
  arguments: string;
  extra: ToolCall['extra_content'];
}

/**
 * Puts tool calls together from their pieces: by `index`; without one by id, else to the last call. A second id under the
 * same index is a second call: older Ollama numbers all of them 0.
 */
export class ToolCallAssembly {
  readonly #drafts: Draft[] = [];

  /** Returns what the piece adds to which call. */
  add(delta: ToolCallDelta): Piece {
    const draft = this.#find(delta) ?? this.#begin(delta);
    if (delta.id) draft.id = delta.id;
    if (delta.extra_content) draft.extra = delta.extra_content;
    if (delta.function?.name) draft.name = delta.function.name;
    const { arguments: piece } = delta.function ?? {};
    if (typeof piece === 'string') draft.arguments += piece;
    else if (piece) draft.arguments = JSON.stringify(piece);
    return this.#pieceOf(draft, delta);
  }

  #pieceOf(draft: Draft, { id, extra_content: extra, function: called }: ToolCallDelta): Piece {
    const { arguments: given } = called ?? {};
    const text = typeof given === 'object' && given ? draft.arguments : given;
    const index = this.#drafts.indexOf(draft);
    const name = called?.name;
    return {
      index,
      ...(id && { id, type: 'function' }),
      ...((name || text) && {
        function: { ...(name && { name }), ...(text && { arguments: text }) },
      }),
      ...(extra && { extra_content: extra }),
    };
  }

  /** The calls in order; one that was given no id is named after its place. */
  finish(): ToolCall[] {
    return this.#drafts.map((draft, place) => ({
      id: draft.id || `call_${place}`,
      type: 'function',
      function: { name: draft.name, arguments: draft.arguments },
      ...(draft.extra && { extra_content: draft.extra }),
    }));
  }

  #find({ index, id }: ToolCallDelta): Draft | undefined {
    const sameCall = (draft: Draft) => !id || !draft.id || draft.id === id;
    if (typeof index === 'number') {
      return this.#drafts.findLast((draft) => draft.index === index && sameCall(draft));
    }
    if (id) return this.#drafts.find((draft) => draft.id === id);
    return this.#drafts.at(-1);
  }

  #begin({ index }: ToolCallDelta): Draft {
    const draft = {
      index: index ?? undefined,
      id: '',
      name: '',
      arguments: '',
      extra: undefined,
    };
    this.#drafts.push(draft);
    return draft;
  }
}
