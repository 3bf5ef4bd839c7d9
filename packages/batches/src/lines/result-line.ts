import type { ErrorData, JobRecord, LineProblem } from '@sluice/contracts';

import type { LineFormats } from './line-format.ts';

/** A line of a file that a batch writes, and which of the two it is for. */
export interface ResultLine {
  file: 'output' | 'error';
  text: string;
}

/**
 * What an ended job gives: its reply as the endpoint of its line would have given it, or its error.
 * @see https://platform.openai.com/docs/guides/batch#5-retrieve-the-results
 */
export function resultLine(job: JobRecord, formats: LineFormats): ResultLine {
  const { jobId, batch, result, error } = job;
  const id = requestIdOf(jobId);
  const customId = batch?.customId ?? '';
  if (job.state === 'completed' && result) {
    const body = formats[batch?.endpoint ?? '/v1/chat/completions'].toReply(job);
    const response = { status_code: 200, request_id: jobId, body };
    const line = { id, custom_id: customId, response, error: null };
    return { file: 'output', text: `${JSON.stringify(line)}\n` };
  }
  return lostLine(jobId, customId, error ?? { code: 'internal_error', message: 'no result' });
}

/** A line of which there is no result. */
export function lostLine(
  jobId: string,
  customId: string,
  { code, message, param }: { code: string; message: string; param?: string | undefined },
): ResultLine {
  const error = { code: codes[code] ?? code, message, ...(param !== undefined && { param }) };
  const line = { id: requestIdOf(jobId), custom_id: customId, response: null, error };
  return { file: 'error', text: `${JSON.stringify(line)}\n` };
}

/** What is wrong with a line of the input, as the error file of an invalid batch has it. */
export function problemLine(problem: LineProblem, customId: string | undefined): string {
  return `${JSON.stringify({ custom_id: customId ?? null, response: null, error: problem })}\n`;
}

/** OpenAI's words for lines that the end of the batch has left without a result. */
const codes: Record<string, string> = {
  expired: 'batch_expired',
  cancelled: 'batch_cancelled',
} satisfies Partial<Record<ErrorData['code'], string>>;

function requestIdOf(jobId: string): string {
  return `batch_req_${jobId.replace(/^batch_/, '')}`;
}
