import type { CallType, ChatInput, JobRecord } from '@sluice/contracts';

/**
 * The question with what does not change its meaning made equal:
 *
 * | of                                            | made equal                                                                 |
 * |-----------------------------------------------|----------------------------------------------------------------------------|
 * | a user's message                              | Unicode NFC; no white space at its ends                                    |
 * | … of one line without code, quotes or brackets| runs of white space are one space                                          |
 * | … that begins with a word of asking           | the case of its first letter; no `.` `!` `?` at its end                     |
 * | a system message, an answer                   | no white space at its ends                                                 |
 * | anything else                                 | nothing                                                                    |
 *
 * The order of messages is what was said, and stays. So does the case of every other letter: `US` is not `us`. A vector, a
 * ranking and an app's inputs depend on each character, so nothing of them is changed.
 */
export function normalizeInput(type: CallType, input: JobRecord['input']): unknown {
  // The type says which input it is.
  if (type === 'chat') return normalizeChat(input as ChatInput);
  return input;
}

function normalizeChat({ messages, ...rest }: ChatInput): unknown {
  return {
    ...rest,
    messages: messages.map((message) => {
      if (typeof message.content !== 'string') return message;
      const isQuestion = message.role === 'user';
      const content = isQuestion ? normalizeText(message.content) : message.content.trim();
      return { ...message, content };
    }),
  };
}

/** What may be code, data or quoted: there each character counts. */
const exacting = /[\n\r\t`"'{}[\]<>=\\|]/;

/** With one of these a sentence is a question or a request, whatever it ends with. */
const asking =
  /^(what|who|whom|whose|which|when|where|why|how|is|are|was|were|do|does|did|can|could|will|would|should|please|tell|give|explain|describe|show|list|write|name|summari[sz]e|translate)\b/i;

export function normalizeText(text: string): string {
  const trimmed = text.normalize('NFC').trim();
  if (exacting.test(trimmed)) return trimmed;
  const spaced = trimmed.replaceAll(/\s+/g, ' ');
  if (!asking.test(spaced)) return spaced;
  const [first = ''] = spaced;
  // Begins at the first of several marks only: from each of them on, a long row of them would take minutes.
  return (first.toLowerCase() + spaced.slice(1)).replace(/(?<![.!?])[.!?]+$/, '').trimEnd();
}
