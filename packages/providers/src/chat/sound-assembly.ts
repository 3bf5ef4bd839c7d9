import type { SpokenAudio } from '@sluice/contracts';

/** A group of base64 is three bytes. */
const groupBytes = 3;

/**
 * Puts the sound of one answer together. Vendors send pieces of base64 each of which ends as it likes; the pieces that come out
 * of here can be appended as texts.
 */
export class SoundAssembly {
  #whole: SpokenAudio | undefined;
  #rest = Buffer.alloc(0);

  /** What the piece adds. */
  add({ data = '', ...piece }: Partial<SpokenAudio>): Partial<SpokenAudio> {
    const bytes = Buffer.concat([this.#rest, Buffer.from(data, 'base64')]);
    const whole = bytes.length - (bytes.length % groupBytes);
    this.#rest = bytes.subarray(whole);
    return this.#append({ ...piece, data: bytes.subarray(0, whole).toString('base64') });
  }

  /** What was held back of the last group; undefined where nothing was. */
  flush(): Partial<SpokenAudio> | undefined {
    if (this.#rest.length === 0) return undefined;
    const data = this.#rest.toString('base64');
    this.#rest = Buffer.alloc(0);
    return this.#append({ data });
  }

  /** The sound of everything that was added; undefined where there was none. */
  finish(): SpokenAudio | undefined {
    return this.#whole;
  }

  #append({ data, transcript, ...rest }: Partial<SpokenAudio>): Partial<SpokenAudio> {
    const before = this.#whole;
    const said = transcript === undefined ? undefined : (before?.transcript ?? '') + transcript;
    this.#whole = {
      ...before,
      ...rest,
      data: (before?.data ?? '') + (data ?? ''),
      ...(said !== undefined && { transcript: said }),
    };
    return {
      ...rest,
      ...(data && { data }),
      ...(transcript !== undefined && { transcript }),
    };
  }
}
