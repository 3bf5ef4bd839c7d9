import { answerStream } from '../../server/answer-stream.ts';
import type { StreamPiece } from '../../server/answer-stream.ts';
import { answerWhole } from '../../server/answer-whole.ts';
import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import type { Exchange } from '../../server/exchange.ts';
import { splitText } from '../../text.ts';
import type { World } from '../../world.ts';
import { composeTranscript } from './compose-transcript.ts';
import type { Transcript } from './compose-transcript.ts';
import { readTranscriptionRequest } from './read-transcription-request.ts';
import type { TranscriptionRequest } from './read-transcription-request.ts';
import {
  audioTokens,
  bookTranscription,
  describeUsage,
  transcriptTokens,
} from './transcription-usage.ts';
import { writeTranscript } from './write-transcript.ts';

/**
 * `POST /audio/transcriptions`. Only a model that is billed by tokens can stream.
 * @see https://platform.openai.com/docs/api-reference/audio/createTranscription
 */
export function createTranscriptionsRoute(world: World): Route {
  return {
    method: 'POST',
    path: '/audio/transcriptions',
    kind: 'transcription',
    paid: true,
    prepare: (call) => prepare(world, call),
  };
}

async function prepare(world: World, call: Call): Promise<PreparedCall | Refusal> {
  const request = await readTranscriptionRequest(call);
  if ('status' in request) return { refusal: request };
  return {
    model: request.modelId,
    stream: request.stream,
    reservedTokens: audioTokens(request),
    answer: (exchange) => answer(world, exchange, request),
  };
}

function answer(world: World, exchange: Exchange, request: TranscriptionRequest): Promise<void> {
  const behaviour = world.behaviour.for(exchange.call.key);
  const transcript = composeTranscript(request.sound, behaviour.settings.reply);
  const booking = {
    behaviour,
    outputTokens: transcriptTokens(request, transcript),
    usage: (outputTokens: number) => bookTranscription(request, outputTokens),
  };
  if (request.stream) {
    const pieces = streamEvents(request, transcript, behaviour.settings.chunks);
    return answerStream(exchange, { ...booking, pieces });
  }
  return answerWhole(exchange, { ...booking, reply: () => writeTranscript(request, transcript) });
}

/** @see https://platform.openai.com/docs/api-reference/audio/transcript-text-delta-event */
function* streamEvents(
  request: TranscriptionRequest,
  transcript: Transcript,
  chunks: number | undefined,
): Generator<StreamPiece> {
  const { text } = transcript;
  for (const delta of splitText(text, chunks)) {
    const event = toEvent({ type: 'transcript.text.delta', delta });
    yield { event, characters: delta.length };
  }
  const usage = describeUsage(request, transcript);
  yield { event: toEvent({ type: 'transcript.text.done', text, usage }), characters: 0 };
  yield { event: 'data: [DONE]\n\n', characters: 0 };
}

function toEvent(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
