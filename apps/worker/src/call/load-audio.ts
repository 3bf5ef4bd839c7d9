import { maxAudioBytes, SluiceError, type TranscriptionInput } from '@sluice/contracts';
import type { AudioFile } from '@sluice/providers';
import type { Downloader } from '@sluice/runtime';

import { attemptOf, type UpstreamOutcome } from './call-upstream.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/** Longest download; a shorter time-out of the job counts for it too. */
const downloadTimeoutMs = 60_000;

type LoadAudioDeps = Pick<RunJobDeps, 'clock'> & { downloader: Downloader };

/**
 * The sound of a transcription that names it by URL, fetched through the address guard, before a permit is taken: that
 * would run out. A job that waits for its permit fetches again. Any other job's plan is as it was.
 */
export async function loadAudio(
  plan: Plan,
  deps: LoadAudioDeps,
  signal: AbortSignal,
): Promise<Plan | { kind: 'failed'; call: Extract<UpstreamOutcome, { ok: false }> }> {
  if (plan.record.type !== 'transcription') return plan;
  const startedAtMs = deps.clock.now();
  // The record's type says which input it holds; zod checked it at accept.
  const { audio } = plan.record.input as TranscriptionInput;
  try {
    return { ...plan, audio: await fetchOrDecode(audio, plan, deps, signal) };
  } catch (thrown) {
    const error = SluiceError.from(thrown);
    const attempt = {
      ...attemptOf(plan, startedAtMs),
      ended_at_ms: deps.clock.now(),
      error: error.toJSON(),
    };
    return {
      kind: 'failed',
      call: { ok: false, attempt, error, isHeld: false, isCut: signal.aborted },
    };
  }
}

async function fetchOrDecode(
  audio: TranscriptionInput['audio'],
  { record }: Plan,
  { downloader }: LoadAudioDeps,
  signal: AbortSignal,
): Promise<AudioFile> {
  if (audio.data !== undefined) {
    const filename = audio.filename ?? '';
    const bytes = Buffer.from(audio.data, 'base64');
    return { bytes, filename, mediaType: audio.media_type ?? 'application/octet-stream' };
  }
  const timeoutMs = Math.min(downloadTimeoutMs, record.attemptTimeoutMs);
  const { bytes, mediaType, url } = await downloader.download({
    url: audio.url ?? '',
    param: 'input.audio.url',
    maxBytes: maxAudioBytes,
    accepts: isSound,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const given = audio.media_type ?? mediaType;
  return { bytes, mediaType: given, filename: audio.filename ?? fileName(url, given) };
}

/** Videos have sound too; servers that know no better say octet-stream. */
function isSound(mediaType: string): boolean {
  return /^(?:audio|video)\//.test(mediaType) || otherTypes.has(mediaType);
}

const otherTypes: ReadonlySet<string> = new Set([
  'application/octet-stream',
  'binary/octet-stream',
  'application/ogg',
]);

/** The URL's own file name, with an ending by the media type where it has none: vendors tell the format by it. */
function fileName(url: string, mediaType: string): string {
  const path = new URL(url).pathname;
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/[^\w.-]/g, '_') || 'audio';
  if (/\.\w{2,5}$/.test(name)) return name;
  const ending = endings[mediaType] ?? mediaType.split('/')[1]?.replace(/^x-/, '');
  return `${name}.${ending ?? 'mp3'}`;
}

const endings: Readonly<Record<string, string>> = {
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/x-m4a': 'm4a',
  'audio/wave': 'wav',
  'audio/vnd.wave': 'wav',
  'application/ogg': 'ogg',
};
