import type {
  Annotation,
  ChatResult,
  ReasoningPart,
  ToolCall,
  ToolCallDelta,
} from '@sluice/contracts';

import type { OnDelta } from '../call-hooks.ts';
import { convertCitation } from './convert-citation.ts';
import type { Citation, ContentBlock, MessageEvent } from './message-event.ts';

type Delta = Extract<MessageEvent, { type: 'content_block_delta' }>['delta'];

interface Draft {
  block: ContentBlock;
  /** Text or thoughts. */
  text: string;
  /** The JSON text of a tool call's arguments. */
  json: string;
  /** Of a thought. */
  signature: string;
  /** Of a text. */
  citations: Citation[];
}

/** Stands between two thoughts. */
const thoughtGap = '\n\n';

/** Puts the content blocks of one message together from their pieces. Blocks that only Anthropic's own tools need are left out. */
export class BlockAssembly {
  readonly #drafts = new Map<number, Draft>();
  readonly #onDelta: OnDelta | undefined;

  constructor(onDelta?: OnDelta) {
    this.#onDelta = onDelta;
  }

  start(index: number, block: ContentBlock): void {
    const citations = [...(block.citations ?? [])];
    const draft = { block, text: '', json: '', signature: block.signature ?? '', citations };
    this.#drafts.set(index, draft);
    if (block.type === 'tool_use') this.#tellCall(draft, { function: { name: block.name ?? '' } });
    this.#addText(draft, block.text ?? block.thinking ?? '');
  }

  /** Adds a piece to a block; false if that block never started. */
  add(index: number, delta: Delta): boolean {
    const draft = this.#drafts.get(index);
    if (!draft) return false;
    this.#addText(draft, delta.text ?? delta.thinking ?? '');
    draft.json += delta.partial_json ?? '';
    if (delta.partial_json) this.#tellCall(draft, { function: { arguments: delta.partial_json } });
    draft.signature += delta.signature ?? '';
    if (delta.citation) draft.citations.push(delta.citation);
    return true;
  }

  /** A call that had no pieces has its arguments at once. */
  stop(index: number): void {
    const draft = this.#drafts.get(index);
    if (draft?.json === '') this.#tellCall(draft, { function: { arguments: argumentsOf(draft) } });
  }

  #addText(draft: Draft, text: string): void {
    if (text === '') return;
    const { type } = draft.block;
    if (type === 'text') this.#onDelta?.({ content: text });
    if (type === 'thinking') {
      const isLater = draft.text === '' && this.#of('thinking').some((other) => other.text !== '');
      this.#onDelta?.({ reasoning: isLater ? thoughtGap + text : text });
    }
    draft.text += text;
  }

  #tellCall(draft: Draft, piece: Omit<ToolCallDelta, 'index'>): void {
    const index = this.#of('tool_use').indexOf(draft);
    if (index === -1) return;
    const isFirst = piece.function?.name !== undefined;
    const id = draft.block.id ?? `call_${index}`;
    const head = isFirst ? ({ id, type: 'function' } as const) : {};
    this.#onDelta?.({ tool_calls: [{ index, ...head, ...piece }] });
  }

  /** The message; `refusal` is what the vendor said about a refusal. */
  finish(refusal: string | undefined): ChatResult['message'] {
    const toolCalls = this.#of('tool_use').map(toToolCall);
    const texts = this.#of('text').map((draft) => draft.text);
    const thoughts = this.#of('thinking').map((draft) => draft.text);
    const reasoning = thoughts.filter((thought) => thought !== '').join(thoughtGap);
    const parts = this.#reasoningParts(toolCalls.length);
    const annotations = this.#annotations();
    if (annotations.length > 0) this.#onDelta?.({ annotations });
    return {
      role: 'assistant',
      content: texts.join('') || (texts.length > 0 && toolCalls.length === 0 ? '' : null),
      ...(reasoning !== '' && { reasoning }),
      ...(parts.length > 0 && { reasoning_parts: parts }),
      ...(refusal !== undefined && { refusal }),
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
      ...(annotations.length > 0 && { annotations }),
    };
  }

  /** What is cited in a block is cited for all of its text. */
  #annotations(): Annotation[] {
    let end = 0;
    return this.#of('text').flatMap(({ text, citations }) => {
      const place = { start_index: end, end_index: end + text.length };
      end = place.end_index;
      return citations.map((citation) => convertCitation(citation, place));
    });
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
function toToolCall(draft: Draft, place: number): ToolCall {
  const { block } = draft;
  return {
    id: block.id ?? `call_${place}`,
    type: 'function',
    function: { name: block.name ?? '', arguments: argumentsOf(draft) },
  };
}

function argumentsOf({ block, json }: Draft): string {
  return json || JSON.stringify(block.input ?? {});
}
