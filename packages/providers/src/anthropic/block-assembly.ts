import type { ChatResult, ToolCall } from '@sluice/contracts';

import type { ContentBlock, MessageEvent } from './message-event.ts';

type Delta = Extract<MessageEvent, { type: 'content_block_delta' }>['delta'];

interface Draft {
  block: ContentBlock;
  /** Text or thoughts. */
  text: string;
  /** The JSON text of a tool call's arguments. */
  json: string;
}

/** Puts the content blocks of one message together from their pieces. Blocks that only Anthropic's own tools need are left out. */
export class BlockAssembly {
  readonly #drafts = new Map<number, Draft>();

  start(index: number, block: ContentBlock): void {
    this.#drafts.set(index, { block, text: block.text ?? block.thinking ?? '', json: '' });
  }

  /** Adds a piece to a block; false if that block never started. */
  add(index: number, delta: Delta): boolean {
    const draft = this.#drafts.get(index);
    if (!draft) return false;
    draft.text += delta.text ?? delta.thinking ?? '';
    draft.json += delta.partial_json ?? '';
    return true;
  }

  /** The message; `refusal` is what the vendor said about a refusal. */
  finish(refusal: string | undefined): ChatResult['message'] {
    const toolCalls = this.#of('tool_use').map(toToolCall);
    const texts = this.#of('text').map((draft) => draft.text);
    const thoughts = this.#of('thinking').map((draft) => draft.text);
    const reasoning = thoughts.filter((thought) => thought !== '').join('\n\n');
    return {
      role: 'assistant',
      content: texts.join('') || (texts.length > 0 && toolCalls.length === 0 ? '' : null),
      ...(reasoning !== '' && { reasoning }),
      ...(refusal !== undefined && { refusal }),
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
    };
  }

  #of(type: string): Draft[] {
    return [...this.#drafts.values()].filter(({ block }) => block.type === type);
  }
}

/** A block has its arguments in pieces, or, in a whole message, at once as an object. */
function toToolCall({ block, json }: Draft, place: number): ToolCall {
  return {
    id: block.id ?? `call_${place}`,
    type: 'function',
    function: { name: block.name ?? '', arguments: json || JSON.stringify(block.input ?? {}) },
  };
}
