import type { ChatResult, ReasoningPart, ToolCall } from '@sluice/contracts';

import type { ContentBlock, MessageEvent } from './message-event.ts';

type Delta = Extract<MessageEvent, { type: 'content_block_delta' }>['delta'];

interface Draft {
  block: ContentBlock;
  /** Text or thoughts. */
  text: string;
  /** The JSON text of a tool call's arguments. */
  json: string;
  /** Of a thought. */
  signature: string;
}

/** Puts the content blocks of one message together from their pieces. Blocks that only Anthropic's own tools need are left out. */
export class BlockAssembly {
  readonly #drafts = new Map<number, Draft>();

  start(index: number, block: ContentBlock): void {
    const text = block.text ?? block.thinking ?? '';
    this.#drafts.set(index, { block, text, json: '', signature: block.signature ?? '' });
  }

  /** Adds a piece to a block; false if that block never started. */
  add(index: number, delta: Delta): boolean {
    const draft = this.#drafts.get(index);
    if (!draft) return false;
    draft.text += delta.text ?? delta.thinking ?? '';
    draft.json += delta.partial_json ?? '';
    draft.signature += delta.signature ?? '';
    return true;
  }

  /** The message; `refusal` is what the vendor said about a refusal. */
  finish(refusal: string | undefined): ChatResult['message'] {
    const toolCalls = this.#of('tool_use').map(toToolCall);
    const texts = this.#of('text').map((draft) => draft.text);
    const thoughts = this.#of('thinking').map((draft) => draft.text);
    const reasoning = thoughts.filter((thought) => thought !== '').join('\n\n');
    const parts = this.#reasoningParts(toolCalls.length);
    return {
      role: 'assistant',
      content: texts.join('') || (texts.length > 0 && toolCalls.length === 0 ? '' : null),
      ...(reasoning !== '' && { reasoning }),
      ...(parts.length > 0 && { reasoning_parts: parts }),
      ...(refusal !== undefined && { refusal }),
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
    };
  }

  /** The thoughts that can be sent back, each with the place of the call that it stands before, where that is not the begin. */
  #reasoningParts(toolCalls: number): ReasoningPart[] {
    let callsBefore = 0;
    let isFirst = true;
    return [...this.#drafts.values()].flatMap((draft): ReasoningPart[] => {
      const { type } = draft.block;
      const part = toReasoningPart(draft);
      if (part) {
        const isBeforeCall = !isFirst && callsBefore < toolCalls;
        return [{ ...part, ...(isBeforeCall && { before_tool_call: callsBefore }) }];
      }
      if (type === 'tool_use') callsBefore += 1;
      if (type === 'tool_use' || type === 'text') isFirst = false;
      return [];
    });
  }

  #of(type: string): Draft[] {
    return [...this.#drafts.values()].filter(({ block }) => block.type === type);
  }
}

function toReasoningPart({ block, text, signature }: Draft): ReasoningPart | undefined {
  if (block.type === 'thinking' && signature !== '') {
    return { type: 'thinking', thinking: text, signature };
  }
  if (block.type === 'redacted_thinking' && block.data) {
    return { type: 'redacted_thinking', data: block.data };
  }
  return undefined;
}

/** A block has its arguments in pieces, or, in a whole message, at once as an object. */
function toToolCall({ block, json }: Draft, place: number): ToolCall {
  return {
    id: block.id ?? `call_${place}`,
    type: 'function',
    function: { name: block.name ?? '', arguments: json || JSON.stringify(block.input ?? {}) },
  };
}
