import type { AgentThought, AppKind, Usage, WorkflowResult } from '@sluice/contracts';

import type { OnDelta } from '../call-hooks.ts';
import { isRecord } from '../http/error-fields.ts';
import { costOf, dollarsOf } from './price.ts';
import { agentThought, llmUsage, type LlmUsage, type RunEvent } from './run-event.ts';

/** More thoughts than this are an agent that runs in circles; the first ones tell it. */
const maxThoughts = 200;
const maxFiles = 200;

/** Whom an answer tells of its text while it grows. */
export interface AnswerListener {
  onDelta: OnDelta;
  /** The text so far counts no more; this stands in its place. */
  onReplace: OnDelta;
}

/** What a chat, chatflow, agent or completion app says, put together from its events. */
export class Answer {
  /** `message_end` came: the text is whole. */
  isWhole = false;
  readonly #kind: AppKind;
  readonly #listener: AnswerListener | undefined;
  readonly #thoughts = new Map<string, AgentThought>();
  readonly #files: unknown[] = [];
  #text = '';
  #pieces = 0;
  #metadata: Record<string, unknown> | undefined;
  #usage: LlmUsage | undefined;

  constructor(kind: AppKind, listener?: AnswerListener) {
    this.#kind = kind;
    this.#listener = listener;
  }

  /** Takes one event of a message; others change nothing. */
  apply(event: RunEvent): void {
    switch (event.event) {
      case 'message':
      case 'agent_message':
        this.#append(event.answer ?? '');
        break;
      case 'message_replace':
        this.replace(event.answer ?? '');
        break;
      case 'text_chunk':
        this.#append(textIn(event, 'text'));
        break;
      case 'text_replace':
        this.replace(textIn(event, 'text'));
        break;
      case 'reasoning_chunk':
        this.#tellReasoning(textIn(event, 'reasoning'));
        break;
      case 'agent_thought':
        this.#think(event);
        break;
      case 'message_file':
        this.#addFiles([{ id: event.id, type: event['type'], url: event['url'] }]);
        break;
      case 'message_end':
        this.#end(event);
        break;
      default:
    }
  }

  replace(text: string): void {
    if (text !== this.#text) this.#listener?.onReplace({ content: text });
    this.#text = text;
    this.#pieces = 1;
  }

  /** An agent has called a tool, which may have changed the world. */
  get hasActed(): boolean {
    return [...this.#thoughts.values()].some(({ tool }) => tool !== '');
  }

  /** What the answer adds to the result. */
  fields(): Partial<WorkflowResult> {
    const thoughts = [...this.#thoughts.values()].sort((a, b) => a.position - b.position);
    return {
      answer: this.#text,
      ...(thoughts.length > 0 && { thoughts }),
      ...(this.#files.length > 0 && { files: this.#files }),
      ...(this.#metadata && { metadata: this.#metadata }),
    };
  }

  /** Tokens as `message_end` told them. */
  usage(): Usage | undefined {
    const { prompt_tokens: input, completion_tokens: output, total_tokens } = this.#usage ?? {};
    const total = total_tokens ?? (input ?? 0) + (output ?? 0);
    if (this.#usage === undefined || total === 0) return undefined;
    return {
      ...(typeof input === 'number' && { input_tokens: input }),
      ...(typeof output === 'number' && { output_tokens: output }),
      total_tokens: total,
      source: 'provider',
    };
  }

  /** US dollars, as `message_end` told them. */
  costUsd(): string | undefined {
    const dollars = this.#usage && dollarsOf(this.#usage);
    return dollars && costOf(dollars);
  }

  /** Dify's newer agents repeat the whole text in their last `message`. */
  #append(piece: string): void {
    const isRepeated = this.#kind === 'agent' && this.#pieces > 1 && piece === this.#text;
    if (isRepeated) return;
    this.#text += piece;
    this.#pieces += 1;
    if (piece !== '') this.#listener?.onDelta({ content: piece });
  }

  #tellReasoning(reasoning: string): void {
    if (reasoning !== '') this.#listener?.onDelta({ reasoning });
  }

  /** An agent sends a thought again, with the same id, as more of it is known. */
  #think(event: RunEvent): void {
    const { id, ...said } = agentThought.parse(event);
    const key = id ?? `${said.position}`;
    if (this.#thoughts.size >= maxThoughts && !this.#thoughts.has(key)) return;
    this.#thoughts.set(key, {
      position: said.position ?? 0,
      thought: said.thought ?? '',
      tool: said.tool ?? '',
      tool_input: said.tool_input ?? '',
      observation: said.observation ?? '',
    });
  }

  #end({ metadata, files }: RunEvent): void {
    this.isWhole = true;
    this.#metadata = metadata ?? undefined;
    this.#usage = llmUsage.safeParse(metadata?.['usage']).data;
    this.#addFiles(files ?? []);
  }

  #addFiles(files: readonly unknown[]): void {
    this.#files.push(...files.slice(0, maxFiles - this.#files.length));
  }
}

/** A text of the events of a workflow that streams its answer: it stands inside `data`. */
function textIn({ data }: RunEvent, field: string): string {
  const text = isRecord(data) ? data[field] : undefined;
  return typeof text === 'string' ? text : '';
}
