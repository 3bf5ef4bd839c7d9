import type { Reply } from '../server/call.ts';

/** A prompt with this text is blocked, as violent. */
export const BLOCKED_MARKER = '[[content_filter]]';

const SAFE = { filtered: false, severity: 'safe' };
const NOT_DETECTED = { filtered: false, detected: false };
const SAFE_TEXT = { hate: SAFE, self_harm: SAFE, sexual: SAFE, violence: SAFE };

/** What the filter says of an answer: `content_filter_results` of a choice. */
export const ANSWER_RESULTS = {
  ...SAFE_TEXT,
  protected_material_code: NOT_DETECTED,
  protected_material_text: NOT_DETECTED,
};

/** What the filter says of a prompt that passed: `prompt_filter_results`. */
export const PROMPT_RESULTS = [
  { prompt_index: 0, content_filter_results: { ...SAFE_TEXT, jailbreak: NOT_DETECTED } },
];

/**
 * The 400 of a blocked prompt.
 * @see https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter
 */
export function blockedPrompt(): Reply {
  const error = {
    message:
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. " +
      'Please modify your prompt and retry. To learn more about our content filtering policies please ' +
      'read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766',
    type: null,
    param: 'prompt',
    code: 'content_filter',
    status: 400,
    innererror: {
      code: 'ResponsibleAIPolicyViolation',
      content_filter_result: {
        ...SAFE_TEXT,
        jailbreak: NOT_DETECTED,
        violence: { filtered: true, severity: 'medium' },
      },
    },
  };
  return { status: 400, body: JSON.stringify({ error }) };
}
