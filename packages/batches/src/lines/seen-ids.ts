import { createHash } from 'node:crypto';

/**
 * The custom ids of a file, as 12 bytes each: of 200,000 lines 5 MB, whatever they are called. What is kept is a digest of 64 bits; that
 * two ids of such a file share one has a chance of one in a billion.
 */
export class SeenIds {
  #digests = new BigUint64Array(1_024);
  #lines = new Uint32Array(1_024);
  #count = 0;

  /** The line that had the id before; else it is this line's from now on, and `undefined` comes back. */
  add(id: string, line: number): number | undefined {
    if (this.#count * 2 >= this.#digests.length) this.#grow();
    const digest = digestOf(id);
    const slot = this.#slotOf(digest);
    if (this.#digests[slot] === digest) return this.#lines[slot];
    this.#digests[slot] = digest;
    this.#lines[slot] = line;
    this.#count += 1;
    return undefined;
  }

  /** Where the digest is, or the free slot that is its place. */
  #slotOf(digest: bigint): number {
    const size = this.#digests.length;
    let slot = Number(digest % BigInt(size));
    while (this.#digests[slot] !== 0n && this.#digests[slot] !== digest) slot = (slot + 1) % size;
    return slot;
  }

  #grow(): void {
    const [digests, lines] = [this.#digests, this.#lines];
    this.#digests = new BigUint64Array(digests.length * 2);
    this.#lines = new Uint32Array(digests.length * 2);
    digests.forEach((digest, old) => {
      if (digest === 0n) return;
      const slot = this.#slotOf(digest);
      this.#digests[slot] = digest;
      this.#lines[slot] = lines[old] ?? 0;
    });
  }
}

/** Never 0, which marks a free slot. */
function digestOf(id: string): bigint {
  return createHash('sha256').update(id).digest().readBigUInt64LE() | 1n;
}
