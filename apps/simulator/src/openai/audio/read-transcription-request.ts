import { findModel } from '../../models/catalogue.ts';
import type { Model } from '../../models/catalogue.ts';
import type { Call, Reply } from '../../server/call.ts';
import { readForm } from '../../server/read-form.ts';
import { invalidParameter, openAiError } from '../errors.ts';
import { readSound } from './read-sound.ts';
import type { Sound } from './read-sound.ts';

const MAX_FILE_BYTES = 25 * 1024 * 1024;
const FILE_TYPES = ['flac', 'm4a', 'mp3', 'mp4', 'mpeg', 'mpga', 'oga', 'ogg', 'wav', 'webm'];
const FORMATS = ['json', 'text', 'srt', 'verbose_json', 'vtt'] as const;
const GRANULARITIES = ['segment', 'word'];

/** How the transcript is written. */
export type TranscriptFormat = (typeof FORMATS)[number];

/** A valid request. */
export type TranscriptionRequest = {
  modelId: string;
  model: Model;
  sound: Sound;
  /** ISO 639-1. */
  language: string;
  format: TranscriptFormat;
  granularities: string[];
  stream: boolean;
};

/**
 * Checks the form of `POST /audio/transcriptions`.
 * @see https://platform.openai.com/docs/api-reference/audio/createTranscription
 */
export async function readTranscriptionRequest(call: Call): Promise<TranscriptionRequest | Reply> {
  const form = await readForm(call);
  if (form === undefined) {
    return openAiError(400, { message: 'Could not parse multipart form' });
  }
  const model = readModel(form.get('model'));
  if ('status' in model) return model;
  const sound = await readFile(form.get('file'));
  if ('status' in sound) return sound;
  const language = readLanguage(form.get('language'));
  if (typeof language !== 'string') return language;
  const format = readFormat(form, model.model);
  if ('status' in format) return format;
  const stream = form.get('stream') === 'true' && model.model.usdPerMinute === undefined;
  return { ...model, sound, language, ...format, stream };
}

type FormValue = ReturnType<FormData['get']>;

function readModel(id: FormValue): { modelId: string; model: Model } | Reply {
  if (typeof id !== 'string' || id === '') {
    return openAiError(400, { message: 'you must provide a model parameter' });
  }
  const model = findModel(id);
  if (model?.type === 'transcription') return { modelId: id, model };
  const message = `The model \`${id}\` does not exist or you do not have access to it.`;
  return openAiError(404, { message, code: 'model_not_found' });
}

async function readFile(file: FormValue): Promise<Sound | Reply> {
  if (!(file instanceof File)) {
    const message = "Missing required parameter: 'file'.";
    return invalidParameter(message, 'file', 'missing_required_parameter');
  }
  const type = file.name.split('.').at(-1)?.toLowerCase() ?? '';
  if (!FILE_TYPES.includes(type)) {
    const known = FILE_TYPES.map((name) => `'${name}'`).join(', ');
    return openAiError(400, { message: `Invalid file format. Supported formats: [${known}]` });
  }
  if (file.size > MAX_FILE_BYTES) {
    const message = `413: Maximum content size limit (${MAX_FILE_BYTES}) exceeded (${file.size} bytes read)`;
    return openAiError(413, { message, type: 'server_error' });
  }
  if (file.size === 0) {
    const message = 'Audio file is too short. Minimum audio length is 0.1 seconds.';
    return invalidParameter(message, 'file', 'audio_too_short');
  }
  return readSound(Buffer.from(await file.arrayBuffer()));
}

function readLanguage(language: FormValue): string | Reply {
  if (language === null || language === '') return 'en';
  if (typeof language === 'string' && /^[a-z]{2}$/u.test(language)) return language;
  const message = `Invalid language '${shown(language)}'. Language parameter must be specified in ISO-639-1 format.`;
  return invalidParameter(message, 'language', 'invalid_language_format');
}

/** A form's value in a message; of a file its name. */
function shown(value: FormValue): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : value.name;
}

function readFormat(
  form: FormData,
  model: Model,
): Pick<TranscriptionRequest, 'format' | 'granularities'> | Reply {
  const given = form.get('response_format') ?? 'json';
  const format = FORMATS.find((name) => name === given);
  if (format === undefined) {
    const known = FORMATS.map((name) => `'${name}'`).join(', ');
    const message = `Invalid value: '${shown(given)}'. Supported values are: ${known}.`;
    return invalidParameter(message, 'response_format');
  }
  if (model.usdPerMinute === undefined && format !== 'json' && format !== 'text') {
    const message = `response_format '${format}' is not compatible with model '${model.id}'. Use 'json' or 'text' instead.`;
    return invalidParameter(message, 'response_format', 'unsupported_value');
  }
  const granularities = form.getAll('timestamp_granularities[]').map(String);
  const wrong = granularities.find((name) => !GRANULARITIES.includes(name));
  if (wrong !== undefined || (granularities.length > 0 && format !== 'verbose_json')) {
    const message =
      "Timestamp granularities are 'segment' and 'word', and need response_format 'verbose_json'.";
    return invalidParameter(message, 'timestamp_granularities');
  }
  return { format, granularities: granularities.length === 0 ? ['segment'] : granularities };
}
