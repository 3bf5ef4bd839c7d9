const HEADER_BYTES = 44;
/** Bytes a second of sound that is compressed: 128 kbit/s. */
const COMPRESSED_BYTES_PER_SECOND = 16_000;
const WORDS_PER_SECOND = 2;

/** What a file holds: so many seconds of sound, and what is said when that is known. */
export type Sound = { byteLength: number; seconds: number; speech: string | undefined };

/**
 * Listens to a file. One that is plain text is read aloud, two words a second; else the length is
 * told by the byte rate of a WAV header, or is that of an MP3 at 128 kbit/s.
 * @see https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
 */
export function readSound(file: Buffer): Sound {
  const speech = readText(file);
  const words = speech?.split(/\s+/u).length ?? 0;
  const seconds = speech === undefined ? measure(file) : words / WORDS_PER_SECOND;
  return { byteLength: file.length, seconds, speech };
}

/** The text of a file without control characters other than blanks; undefined for sound. */
function readText(file: Buffer): string | undefined {
  const text = new TextDecoder().decode(file).trim();
  return /^[^\p{Cc}\uFFFD]+$/u.test(text.replace(/\s/gu, ' ')) ? text : undefined;
}

function measure(file: Buffer): number {
  const isWave =
    file.length >= HEADER_BYTES &&
    file.toString('latin1', 0, 4) === 'RIFF' &&
    file.toString('latin1', 8, 12) === 'WAVE';
  const byteRate = isWave ? file.readUInt32LE(28) : 0;
  if (byteRate > 0) return (file.length - HEADER_BYTES) / byteRate;
  return file.length / COMPRESSED_BYTES_PER_SECOND;
}
