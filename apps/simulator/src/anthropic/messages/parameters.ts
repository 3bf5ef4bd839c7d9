/** What both a message and a count of its tokens take. */
const COUNTED = [
  'cache_control',
  'messages',
  'model',
  'output_config',
  'speed',
  'system',
  'thinking',
  'tool_choice',
  'tools',
  'user_profile_id',
];

const MESSAGE = [
  ...COUNTED,
  'container',
  'diagnostics',
  'inference_geo',
  'max_tokens',
  'metadata',
  'service_tier',
  'stop_sequences',
  'stream',
];

const SAMPLING = ['temperature', 'top_k', 'top_p'];

/** Parameters of `POST /v1/messages/count_tokens`. */
export const COUNT_PARAMETERS: ReadonlySet<string> = new Set(COUNTED);
/** Parameters of `POST /v1/messages` in version 2026-10-21. */
export const NEWEST_PARAMETERS: ReadonlySet<string> = new Set(MESSAGE);
/** Parameters of `POST /v1/messages` in version 2023-06-01. */
export const OLDER_PARAMETERS: ReadonlySet<string> = new Set([...MESSAGE, ...SAMPLING]);
