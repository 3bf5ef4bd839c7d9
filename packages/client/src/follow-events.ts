import type { JobView, TextDelta, TimelineEvent } from '@sluice/contracts';
import { EventSourceParserStream, type EventSourceMessage } from 'eventsource-parser/stream';

import { SluiceClientError } from './client-error.ts';
import { pause } from './pause.ts';
import type { Send } from './send-request.ts';

/** What happened to a job. The last one carries the job as it ended. */
export interface JobEvent extends TimelineEvent {
  job?: JobView;
}

export interface FollowOptions {
  /** Id of the last event that is known; what comes after it is told. By default everything is. */
  after?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** The server sends at least a heartbeat every 15 s: a connection that is silent for this long is dead. */
const silentMs = 45_000;
const firstPauseMs = 250;
const longestPauseMs = 8_000;
/** Broken streams in a row, without an event between them, until it is given up. */
const mostBreaks = 20;

const endings = new Set(['completed', 'failed', 'cancelled', 'expired']);

/**
 * The events of a job in their order, each once, until it has ended: a connection that breaks is made again where it broke.
 * Rejects with {@link SluiceClientError} when that does not succeed any more, or with the reason of `signal`.
 */
export async function* followEvents(
  send: Send,
  jobId: string,
  { after, signal }: FollowOptions = {},
): AsyncGenerator<JobEvent, void> {
  let last = after;
  let ended = false;
  for (let breaks = 0; breaks <= mostBreaks; breaks += 1) {
    const body = await openStream(send, jobId, { after: last, signal });
    if (!body) return;
    for await (const event of untilBreak(body, signal)) {
      last = event.id;
      ended = endings.has(event.type);
      breaks = 0;
      yield event;
    }
    if (ended) return;
    await pause(Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** breaks), signal);
  }
  throw new SluiceClientError('connection_failed', `the events of ${jobId} break off every time`);
}

/** The events of one connection, until it ends or breaks, which is the same to who makes another. */
async function* untilBreak(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal | undefined,
): AsyncGenerator<JobEvent, void> {
  try {
    // The server's own form; every event has one line of JSON.
    for await (const { data } of readMessages(body)) yield JSON.parse(data) as JobEvent;
  } catch {
    signal?.throwIfAborted();
  }
}

/** `undefined` where the job has ended and nothing is left to tell. */
async function openStream(send: Send, jobId: string, { after, signal }: FollowOptions) {
  const response = await send({
    method: 'GET',
    path: `/v1/jobs/${encodeURIComponent(jobId)}/events`,
    headers: {
      Accept: 'text/event-stream',
      ...(after !== undefined && { 'Last-Event-ID': after }),
    },
    signal,
  });
  return response.status === 204 ? undefined : (response.body ?? undefined);
}

async function* readMessages(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<EventSourceMessage, void> {
  const alive = watchSilence();
  const reader = body
    .pipeThrough(alive.stream)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (;;) {
      // One piece after the other is what reading a stream is.
      // oxlint-disable-next-line no-await-in-loop
      const { done, value } = await Promise.race([reader.read(), alive.silence]);
      if (done) return;
      yield value;
    }
  } finally {
    alive.end();
    reader.cancel().catch(() => {});
  }
}

/** `silence` rejects when nothing, not even a heartbeat, has passed for too long. */
function watchSilence() {
  const { promise: silence, reject } = newDeferred();
  const arm = () => setTimeout(() => reject(new Error('the stream is silent')), silentMs);
  let timer = arm();
  const stream = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      clearTimeout(timer);
      timer = arm();
      controller.enqueue(chunk);
    },
  });
  return { stream, silence, end: () => clearTimeout(timer) };
}

function newDeferred(): { promise: Promise<never>; reject(error: Error): void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_resolve, rejecting) => {
    reject = rejecting;
  });
  promise.catch(() => {});
  return { promise, reject };
}

/** A piece of the answer's text. */
export interface TextPiece {
  /** What is new. */
  delta: string;
  /** All of it so far. */
  text: string;
  /** What came before counts no more: the answer is made anew, by another try or another model. */
  restarted: boolean;
}

/** The text of a job with `stream: true` while it is made. */
export async function* textOfEvents(events: AsyncIterable<JobEvent>): AsyncGenerator<TextPiece> {
  let text = '';
  let restarted = false;
  for await (const { type, data } of events) {
    if (type === 'restart') {
      text = '';
      restarted = true;
    }
    const delta = type === 'delta' ? contentOf(data) : '';
    if (delta === '') continue;
    text += delta;
    yield { delta, text, restarted };
    restarted = false;
  }
}

function contentOf(data: Record<string, unknown> | undefined): string {
  // The form of every event named `delta`.
  return (data?.['delta'] as TextDelta | undefined)?.content ?? '';
}
