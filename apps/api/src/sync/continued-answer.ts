import { joinDeltas, restOf, SluiceError, type TextDelta } from '@sluice/contracts';

/**
 * What a client that cannot take anything back is told of an answer in the making. A job may begin its answer again (a retry,
 * a fallback, another worker): then the client is told nothing until the new answer has caught up with what it has heard, and
 * goes on from there. An answer that says something else cannot be told any more.
 */
export class ContinuedAnswer {
  #told: TextDelta = {};
  /** What the new run has said, while that is less than what was told. */
  #again: TextDelta | undefined;

  /** The answer begins again. */
  restart(): void {
    if (Object.keys(this.#told).length > 0) this.#again = {};
  }

  /**
   * What of a piece the client has not heard yet.
   * @throws SluiceError `upstream_truncated` when the answer no longer goes on from what it has heard.
   */
  add(delta: TextDelta): TextDelta {
    if (!this.#again) {
      this.#told = joinDeltas(this.#told, delta);
      return delta;
    }
    const again = joinDeltas(this.#again, delta);
    const rest = restOf(this.#told, again);
    if (rest) {
      this.#told = again;
      this.#again = undefined;
      return rest;
    }
    if (!restOf(again, this.#told)) throw saysOtherwise();
    this.#again = again;
    return {};
  }

  /**
   * What is missing at the end of the whole answer.
   * @throws SluiceError `upstream_truncated` as `add`.
   */
  finish(whole: TextDelta): TextDelta {
    const rest = restOf(this.#told, whole);
    if (!rest) throw saysOtherwise();
    this.#told = whole;
    return rest;
  }
}

function saysOtherwise(): SluiceError {
  return new SluiceError(
    'upstream_truncated',
    'the answer broke off and began again with another text, which cannot be sent after what was sent; the job has it',
    { retryable: false },
  );
}
