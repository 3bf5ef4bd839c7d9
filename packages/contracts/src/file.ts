import { z } from 'zod';

/** What a client may upload a file for. @see https://platform.openai.com/docs/api-reference/files/create */
export const filePurposes = [
  'batch',
  'user_data',
  'assistants',
  'vision',
  'fine-tune',
  'evals',
] as const;
export type FilePurpose = (typeof filePurposes)[number] | 'batch_output';

/** Shortest and longest life that a client may give a file, in seconds: an hour and 30 days. */
export const fileLife = { from: 3_600, to: 2_592_000 } as const;

/** `expires_after` of OpenAI: so many seconds after the file was made. */
export const expiresAfter = z.strictObject({
  anchor: z.literal('created_at'),
  seconds: z.int().min(fileLife.from).max(fileLife.to),
});

/** A file as OpenAI shows it. Times are Unix seconds. */
export interface FileView {
  id: string;
  object: 'file';
  bytes: number;
  created_at: number;
  expires_at?: number;
  filename: string;
  purpose: FilePurpose;
  /** Deprecated at OpenAI; SDKs still have it. */
  status: 'processed';
}
