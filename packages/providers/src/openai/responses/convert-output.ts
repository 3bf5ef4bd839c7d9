import type {
  Annotation,
  ChatAnswer,
  FinishReason,
  ReasoningPart,
  TokenLogprob,
  ToolCall,
} from '@sluice/contracts';

import {
  messageContent,
  thoughtContent,
  type ContentPart,
  type OutputItem,
  type WholeResponse,
} from './response-event.ts';

/** Stands between two thoughts. */
export const thoughtGap = '\n\n';

/** The items of a response's output as one answer: all that was said, in its order, and all calls. */
export function convertOutput(response: WholeResponse): ChatAnswer {
  const { output } = response;
  const parts = output.filter(({ type }) => type === 'message').flatMap(partsOf);
  const texts = parts.filter(({ type }) => type === 'output_text');
  const content = texts.map(({ text }) => text ?? '').join('');
  const refusal = parts.map((part) => part.refusal ?? '').join('');
  const calls = output.filter(isCall).map(toToolCall);
  const reasoning = output.filter(isThought).flatMap(thoughtsIn).join(thoughtGap);
  const kept = reasoningParts(output, calls.length);
  const annotations = annotationsOf(texts);
  const logprobs = texts.flatMap((part): TokenLogprob[] => part.logprobs ?? []);
  return {
    message: {
      role: 'assistant',
      content: content || (texts.length > 0 && calls.length === 0 ? '' : null),
      ...(reasoning !== '' && { reasoning }),
      ...(kept.length > 0 && { reasoning_parts: kept }),
      ...(refusal !== '' && { refusal }),
      ...(calls.length > 0 && { tool_calls: calls }),
      ...(annotations.length > 0 && { annotations }),
    },
    finish_reason: finishReasonOf(response, calls.length > 0),
    ...(logprobs.length > 0 && { logprobs: { content: logprobs } }),
  };
}

/** Whether the item is a call of a function of the client's. */
export function isCall({ type }: OutputItem): boolean {
  return type === 'function_call';
}

function isThought({ type }: OutputItem): boolean {
  return type === 'reasoning';
}

function partsOf({ content }: OutputItem): ContentPart[] {
  return messageContent.safeParse(content ?? []).data ?? [];
}

function thoughtsIn({ summary, content }: OutputItem): string[] {
  const shown = thoughtContent.safeParse(content).data ?? [];
  return [...(summary ?? []), ...shown].map(({ text }) => text).filter((text) => text !== '');
}

function toToolCall({ call_id: id, name, arguments: text }: OutputItem, place: number): ToolCall {
  return {
    id: id ?? `call_${place}`,
    type: 'function',
    function: { name: name ?? '', arguments: text ?? '' },
  };
}

/** The thoughts that can be sent back, each with the place of the call that it stands before, where that is not the begin. */
function reasoningParts(output: readonly OutputItem[], calls: number): ReasoningPart[] {
  let before = 0;
  let isFirst = true;
  return output.flatMap((item): ReasoningPart[] => {
    const { id, encrypted_content: sealed, summary } = item;
    if (isThought(item) && id && sealed) {
      const isBeforeCall = !isFirst && before < calls;
      const texts = (summary ?? []).map(({ text }) => text);
      return [
        {
          type: 'encrypted_reasoning',
          id,
          encrypted_content: sealed,
          ...(texts.length > 0 && { summary: texts }),
          ...(isBeforeCall && { before_tool_call: before }),
        },
      ];
    }
    if (isCall(item)) before += 1;
    if (isCall(item) || item.type === 'message') isFirst = false;
    return [];
  });
}

/** Places count from the begin of their part; ours from that of the whole text. */
function annotationsOf(texts: readonly ContentPart[]): Annotation[] {
  let begin = 0;
  return texts.flatMap(({ text, annotations }) => {
    const offset = begin;
    begin += text?.length ?? 0;
    return (annotations ?? []).flatMap(({ url, title, filename, ...places }): Annotation[] => {
      const { start_index: start, end_index: end } = places;
      const placed = {
        ...(typeof start === 'number' && { start_index: offset + start }),
        ...(typeof end === 'number' && { end_index: offset + end }),
      };
      if (url) {
        const named = title ? { title } : {};
        return [{ type: 'url_citation', url_citation: { url, ...named, ...placed } }];
      }
      if (!filename) return [];
      const cited = { document_title: filename, ...placed };
      return [{ type: 'document_citation', document_citation: cited }];
    });
  });
}

function finishReasonOf(
  { status, incomplete_details: details }: WholeResponse,
  hasCalls: boolean,
): FinishReason {
  if (status === 'completed') return { unified: hasCalls ? 'tool_calls' : 'stop', raw: status };
  const raw = details?.reason ?? status;
  if (raw === 'max_output_tokens') return { unified: 'length', raw };
  return { unified: raw === 'content_filter' ? 'content_filter' : 'other', raw };
}
