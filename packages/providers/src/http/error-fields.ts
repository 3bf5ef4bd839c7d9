/** What an upstream's error says, whatever its shape. */
export interface ErrorFields {
  message: string | undefined;
  /** The code as it was sent: the first of code, type, status that is a word, else the first that is there. */
  code: string | undefined;
  /** Every code and type, in lower case: vendors put the telling one in different places. */
  codes: string[];
  /** The HTTP status that the body itself names. */
  status: number | undefined;
  /** How long to wait, as Google writes it: `37s`, `1.5s`. */
  retryDelay?: string | undefined;
}

/**
 * Reads the body of an error. Shapes: `{error: {message, type, code}}` (OpenAI, Anthropic, vLLM, with `code` a string or
 * a number), Google's with a list of `details`, `{error: "text"}`, `[{error}]` (Gemini), flat `{object: "error", message}` (SGLang), `{code, message, status}`
 * (Dify), `{detail}` (FastAPI), HTML, plain text, nothing. Tried as JSON whatever the content type says.
 */
export function parseErrorFields(body: string): ErrorFields {
  try {
    return errorFieldsOf(JSON.parse(body));
  } catch {
    const text = /^\s*</.test(body) ? titleOf(body) : body.trim();
    return {
      message: text === '' ? undefined : text,
      code: undefined,
      codes: [],
      status: undefined,
    };
  }
}

/** As {@link parseErrorFields}, of a value that was parsed already. */
export function errorFieldsOf(value: unknown): ErrorFields {
  const outer: unknown = Array.isArray(value) ? value[0] : value;
  if (!isRecord(outer)) return fieldsFrom({ message: outer });
  if (isRecord(outer['error'])) return fieldsFrom(unwrapped(outer['error']));
  if (typeof outer['error'] === 'string') return fieldsFrom({ ...outer, message: outer['error'] });
  return fieldsFrom(outer);
}

/** Proxies put a whole error as JSON text into the message of their own. */
function unwrapped(error: Record<string, unknown>): Record<string, unknown> {
  const { message } = error;
  if (typeof message !== 'string' || !/^\s*\{\s*"error"/.test(message)) return error;
  try {
    // Text that begins so is an object if it is JSON.
    const { error: inner } = JSON.parse(message) as Record<string, unknown>;
    return isRecord(inner) ? { ...error, ...inner } : error;
  } catch {
    return error;
  }
}

function fieldsFrom(error: Record<string, unknown>): ErrorFields {
  const inner = isRecord(error['innererror']) ? error['innererror'] : {};
  const details = isRecord(error['details']) ? error['details'] : {};
  const google = googleDetailsOf(error['details']);
  const raw = [error['code'], error['type'], error['status'], inner['code'], details['error_code']]
    .filter((code) => typeof code === 'string' || typeof code === 'number')
    .map(String)
    .filter((code) => code !== '');
  return {
    message: messageOf(error),
    code: raw.find((code) => !/^\d+$/.test(code)) ?? raw[0],
    codes: [...raw, ...google.codes].map((code) => code.toLowerCase()),
    status: raw.map(Number).find((code) => code >= 400 && code < 600),
    retryDelay: google.retryDelay,
  };
}

/**
 * What stands in a Google error's list of details: the reason (ErrorInfo), the ids of the broken quotas (QuotaFailure) and
 * how long to wait (RetryInfo).
 * @see https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
 */
function googleDetailsOf(details: unknown): { codes: string[]; retryDelay: string | undefined } {
  const list = Array.isArray(details) ? details.filter(isRecord) : [];
  const violations = list
    .flatMap((detail) => (Array.isArray(detail['violations']) ? detail['violations'] : []))
    .filter(isRecord);
  const codes = [
    ...list.map((detail) => detail['reason']),
    ...violations.map((violation) => violation['quotaId']),
  ];
  return {
    codes: codes.filter((code) => typeof code === 'string'),
    retryDelay: list.map((detail) => detail['retryDelay']).find((it) => typeof it === 'string'),
  };
}

function messageOf(error: Record<string, unknown>): string | undefined {
  const { message, detail } = error;
  if (typeof message === 'string' && message !== '') return message;
  if (typeof detail === 'string') return detail;
  if (Array.isArray(detail)) {
    const texts = detail.map((item) => (isRecord(item) ? String(item['msg']) : String(item)));
    return texts.join('; ');
  }
  return undefined;
}

function titleOf(html: string): string {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(html)?.[1];
  return (title ?? html.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim();
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
