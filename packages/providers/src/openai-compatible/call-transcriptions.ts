import type { TranscriptionInput } from '@sluice/contracts';

import type { TranscriptionCall } from '../adapter.ts';
import type { TranscriptionReply } from '../replies.ts';
import { readDocument } from '../http/call-document.ts';
import { callUpstream, type Reply, type ReplyReaders } from '../http/call-upstream.ts';
import type { HttpClient } from '../http/http-client.ts';
import { encodeForm } from '../http/multipart.ts';
import { requestIdOf } from '../http/upstream-error.ts';
import type { Dialect } from './dialect.ts';
import { toResult, toUsage, transcript, type Transcript } from './transcript.ts';

type Format = TranscriptionInput['response_format'];

/**
 * One transcription, by OpenAI's form. Plain text is asked for as JSON, which says the same and what it took.
 * @see https://platform.openai.com/docs/api-reference/audio/createTranscription
 */
export async function callTranscriptions(
  http: HttpClient,
  call: TranscriptionCall,
  dialect: Dialect,
): Promise<TranscriptionReply> {
  const { target, signal, jobId, onRaw } = call;
  const context = { http, target, signal, judge: dialect.judge, onRaw };
  const { bytes, contentType } = await encodeForm(formOf(call));
  const readers: ReplyReaders<Transcript> = isSubtitles(call.input.response_format)
    ? { text: (text) => ({ text }) }
    : {
        document: (value, head) =>
          readDocument(context, head, value, { schema: transcript, name: 'a transcript' }),
      };
  const { value, headers }: Reply<Transcript> = await callUpstream(
    context,
    {
      method: 'POST',
      path: dialect.path,
      ...(dialect.query && { query: dialect.query }),
      headers: {
        ...dialect.headers,
        accept: 'application/json, text/plain',
        'content-type': contentType,
        'x-client-request-id': jobId,
      },
      bytes,
      sendBy: call.sendBy,
    },
    readers,
  );
  return {
    result: toResult(target.model, value),
    usage: toUsage(value),
    upstreamRequestId: requestIdOf(headers),
  };
}

function formOf({ input, target, audio }: TranscriptionCall): FormData {
  const form = new FormData();
  const { language, prompt, temperature, timestamp_granularities: granularities = [] } = input;
  const format = input.response_format === 'text' ? 'json' : input.response_format;
  const fields = { model: target.model, language, prompt, response_format: format, temperature };
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) form.append(name, String(value));
  }
  for (const each of granularities) form.append('timestamp_granularities[]', each);
  // Last: a server that reads the form as it comes knows the rest by then.
  const file = new Blob([Uint8Array.from(audio.bytes)], { type: audio.mediaType });
  form.append('file', file, audio.filename);
  return form;
}

function isSubtitles(format: Format): boolean {
  return format === 'srt' || format === 'vtt';
}
