import { endianness } from 'node:os';

/** An embedding as an upstream gives it or a client gets it: numbers, or base64 of little-endian float32. */
export type Vector = number[] | string;

/** Whether an upstream's value is a vector: at least one number, or base64 of whole float32s. */
export function isVector(value: unknown): value is Vector {
  if (typeof value === 'string') {
    const { length } = Buffer.from(value, 'base64');
    return length > 0 && length % 4 === 0;
  }
  return Array.isArray(value) && value.length > 0 && value.every(Number.isFinite);
}

/**
 * The vector in the form that the client asked for, numbers by default. Numbers become the nearest float32 in base64;
 * numbers that stay numbers are not touched.
 * @see https://platform.openai.com/docs/api-reference/embeddings/create#embeddings-create-encoding_format
 */
export function formatVector(vector: Vector, format: 'float' | 'base64' = 'float'): Vector {
  if (format === 'base64') return typeof vector === 'string' ? vector : encode(vector);
  return typeof vector === 'string' ? decode(vector) : vector;
}

function encode(numbers: readonly number[]): string {
  return inLittleEndian(Buffer.from(Float32Array.from(numbers).buffer)).toString('base64');
}

function decode(base64: string): number[] {
  const bytes = inLittleEndian(Buffer.from(base64, 'base64'));
  // Copied: float32s must begin at a multiple of four in their buffer.
  return Array.from(new Float32Array(Uint8Array.from(bytes).buffer));
}

/** From or to the byte order of this machine. */
function inLittleEndian(bytes: Buffer): Buffer {
  return endianness() === 'LE' ? bytes : bytes.swap32();
}
