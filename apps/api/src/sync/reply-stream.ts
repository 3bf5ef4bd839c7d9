import type { Response } from 'express';

import {
  deltaOfResult,
  SluiceError,
  type TextDelta,
  type TimelineEvent,
  type WireStream,
} from '@sluice/contracts';
import type { JobWithoutInput } from '@sluice/records';

import type { ApiDeps } from '../deps.ts';
import type { FollowedPage } from '../events/job-follower.ts';
import { openEventStream, type EventStream } from '../http/event-stream.ts';
import { requestIdOf } from '../http/reply.ts';
import { ContinuedAnswer } from './continued-answer.ts';
import { errorOfJob, processStops, waitTimeout } from './error-of-job.ts';
import { headersOfJob, type Followed } from './followed.ts';

/**
 * Tells the client what happens to the job, in its vendor's events, until it has ended. The head leaves with the first of
 * them, or as keep-alive; before that a failure is an answer with its own status. A stream that cannot be brought to its end
 * ends with the vendor's event of an error, never without a word.
 * @throws SluiceError while no head has left: why there is no answer.
 */
export async function replyStream(
  response: Response,
  followed: Followed,
  deps: ApiDeps,
): Promise<void> {
  const reply = new StreamReply(response, followed);
  const signal = followed.timeoutSeconds
    ? AbortSignal.any([followed.gone, AbortSignal.timeout(followed.timeoutSeconds * 1_000)])
    : followed.gone;
  try {
    for await (const page of deps.follower.follow(followed.jobId, { signal })) {
      await reply.tell(page, deps);
    }
    if (!reply.hasEnded) throw whyNoEnd(followed, deps);
  } catch (error) {
    await reply.fail(SluiceError.from(error));
  } finally {
    reply.close();
  }
}

function whyNoEnd({ jobId, gone, timeoutSeconds }: Followed, deps: ApiDeps): SluiceError {
  if (deps.closing.aborted) return processStops(jobId);
  if (gone.aborted) return new SluiceError('cancelled', 'the client has gone');
  if (timeoutSeconds !== undefined) return waitTimeout(jobId, timeoutSeconds);
  return new SluiceError('cancelled', 'the job was erased while it was waited for');
}

/** One stream to one client. */
class StreamReply {
  readonly #response: Response;
  readonly #followed: Followed;
  readonly #wire: WireStream;
  readonly #answer = new ContinuedAnswer();
  readonly #opening: NodeJS.Timeout | undefined;
  #stream: EventStream | undefined;
  hasEnded = false;

  constructor(response: Response, followed: Followed) {
    this.#response = response;
    this.#followed = followed;
    this.#wire = followed.format.stream();
    const { keepAlive } = followed;
    if (followed.format.opensAtOnce) this.#open({});
    else if (keepAlive) this.#opening = setTimeout(() => this.#open({}), keepAlive.firstByteMs);
  }

  async tell({ events, ended }: FollowedPage, deps: ApiDeps): Promise<void> {
    let text = '';
    for (const event of events) text += this.#framesOf(event);
    const failure = ended && errorOfJob(ended);
    const answer = ended && failure && this.#followed.format.asAnswer?.(ended);
    if (answer) {
      this.hasEnded = true;
      await this.#write(text + this.#wire.end(answer), headersOfJob(ended, deps));
      return;
    }
    if (failure) {
      this.hasEnded = true;
      await this.#write(text);
      await this.fail(failure, ended);
      return;
    }
    if (!ended?.result) {
      await this.#write(text);
      return;
    }
    this.hasEnded = true;
    const whole = ended.result.type === 'batch' ? undefined : deltaOfResult(ended.result);
    if (whole) text += this.#framesOfDelta(this.#answer.finish(whole));
    text += this.#wire.end({ ...ended, result: ended.result });
    await this.#write(text, headersOfJob(ended, deps));
  }

  /** @throws SluiceError the error, while no head has left. */
  async fail(error: SluiceError, job?: JobWithoutInput): Promise<void> {
    if (!this.#stream) throw error;
    const refusal = this.#followed.format.refusal(error);
    await this.#stream.write(this.#wire.error(refusal, requestIdOf(this.#response), job));
  }

  close(): void {
    clearTimeout(this.#opening);
    this.#stream?.end();
  }

  #framesOf(event: TimelineEvent): string {
    if (event.type === 'restart') {
      this.#answer.restart();
      return '';
    }
    if (event.type !== 'delta') return this.#wire.event(event);
    // Written by append-deltas.lua from a piece of that type.
    const { delta } = event.data as { delta: TextDelta };
    return this.#framesOfDelta(this.#answer.add(delta));
  }

  #framesOfDelta(delta: TextDelta): string {
    return Object.keys(delta).length === 0 ? '' : this.#wire.delta(delta);
  }

  async #write(text: string, headers: Record<string, string> = {}): Promise<void> {
    if (text !== '') await this.#open(headers).write(text);
  }

  #open(headers: Record<string, string>): EventStream {
    clearTimeout(this.#opening);
    const { jobId, gone, keepAlive, format } = this.#followed;
    const { frame, everyMs } = format.ping ?? {};
    this.#stream ??= openEventStream(this.#response, gone, {
      // Clients of vendors come back for nothing, and some take a `retry` for an event.
      retryMs: 0,
      heartbeatMs: Math.min(keepAlive?.everyMs ?? 15_000, everyMs ?? Infinity),
      ...(frame !== undefined && { heartbeat: frame }),
      headers: { 'X-Sluice-Job-Id': jobId, ...headers },
    });
    return this.#stream;
  }
}
