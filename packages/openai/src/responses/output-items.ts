import type { Annotation, JobResult, Logprobs, TokenLogprob, ToolCall } from '@sluice/contracts';

import { appText } from '../app/app-text.ts';
import { sealParts } from './to-messages.ts';

export type OutputItem = ReasoningItem | MessageItem | CallItem;

export interface ReasoningItem {
  type: 'reasoning';
  id: string;
  summary: { type: 'summary_text'; text: string }[];
  /** What the vendor wants back, for whoever sends its items back by hand. */
  encrypted_content?: string;
}

export interface MessageItem {
  type: 'message';
  id: string;
  role: 'assistant';
  status: 'in_progress' | 'completed';
  content: MessagePart[];
}

export type MessagePart =
  | { type: 'output_text'; text: string; annotations: object[]; logprobs: TokenLogprob[] }
  | { type: 'refusal'; refusal: string };

export interface CallItem {
  type: 'function_call';
  id: string;
  call_id: string;
  name: string;
  arguments: string;
  status: 'in_progress' | 'completed';
}

/** Ids of a response's items follow from its job's: every way to read it gives the same. */
export function itemIds(jobId: string) {
  const rest = jobId.replace(/^job_/, '');
  return {
    reasoning: `rs_${rest}`,
    message: `msg_${rest}`,
    call: (index: number) => `fc_${rest}_${index}`,
  };
}

/** A text, with its sources in the words of responses, and how likely its tokens were. */
export function textPart(
  text: string,
  {
    annotations = [],
    logprobs,
  }: { annotations?: Annotation[] | undefined; logprobs?: Logprobs | undefined } = {},
): Extract<MessagePart, { type: 'output_text' }> {
  return {
    type: 'output_text',
    text,
    annotations: annotations.map((annotation) =>
      annotation.type === 'url_citation'
        ? { type: annotation.type, ...annotation.url_citation }
        : { type: annotation.type, ...annotation.document_citation },
    ),
    logprobs: logprobs?.content ?? [],
  };
}

/** What a job's result says, as the items of a response: a thought, a message, calls. */
export function outputOf(jobId: string, result: JobResult, outputVariable?: string): OutputItem[] {
  const ids = itemIds(jobId);
  const message = (content: MessagePart[]): OutputItem[] =>
    content.length === 0
      ? []
      : [{ type: 'message', id: ids.message, role: 'assistant', status: 'completed', content }];
  if (result.type === 'workflow') return message([textPart(appText(result, outputVariable))]);
  if (result.type !== 'chat') throw new TypeError(`a ${result.type} is no response`);
  const {
    content,
    reasoning,
    reasoning_parts: parts,
    refusal,
    tool_calls: calls = [],
    annotations,
  } = result.message;
  const thought: OutputItem[] =
    reasoning || parts
      ? [
          {
            type: 'reasoning',
            id: ids.reasoning,
            summary: reasoning ? [{ type: 'summary_text', text: reasoning }] : [],
            ...(parts && { encrypted_content: sealParts(parts) }),
          },
        ]
      : [];
  return [
    ...thought,
    ...message([
      ...(content ? [textPart(content, { annotations, logprobs: result.logprobs })] : []),
      ...(refusal ? [{ type: 'refusal' as const, refusal }] : []),
    ]),
    ...calls.map((call, index) => callItem(ids.call(index), call)),
  ];
}

function callItem(
  id: string,
  { id: callId, function: { name, arguments: text } }: ToolCall,
): CallItem {
  return { type: 'function_call', id, call_id: callId, name, arguments: text, status: 'completed' };
}
