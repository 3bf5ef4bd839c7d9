/** Bytes of an upstream's reply that are kept for a job that asks for it (`include_raw`). */
export const maxRawBytes = 1_048_576;

/** What an upstream answered, as it came, with the secrets of the call taken out. */
export interface RawReply {
  content_type: string;
  /** Of a JSON document its value, of anything else the text: all events of a stream, byte for byte. */
  body: unknown;
  /** The reply was longer than {@link maxRawBytes}: `body` is the text of its beginning. */
  truncated?: true;
}
