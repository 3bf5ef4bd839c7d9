import type { HumanInputForm, JobRecord, Outcome } from '@sluice/contracts';

const shortestMs = 30_000;
const longestMs = 3_600_000;

/**
 * A run that asks a person holds no slot: its ticket is delayed. It is looked at again now and then, because the form may be
 * answered in Dify itself: after half the time that it has been waiting, at least 30 s and at most 1 h, and when the form's
 * time is over.
 */
export function pauseJob(
  { answer, upstream }: Pick<JobRecord, 'answer' | 'upstream'>,
  forms: readonly HumanInputForm[],
  nowMs: number,
): Outcome {
  const known = new Set(upstream?.forms?.map((form) => form.form_token));
  const isNew =
    answer !== undefined ||
    upstream?.forms === undefined ||
    forms.some((form) => !known.has(form.form_token));
  return { kind: 'pause', isNew, delayMs: nextLookMs(forms, nowMs) };
}

function nextLookMs(forms: readonly HumanInputForm[], nowMs: number): number {
  const waitedMs = Math.max(0, ...forms.map((form) => nowMs - form.asked_at_ms));
  const delayMs = Math.min(longestMs, Math.max(shortestMs, waitedMs / 2));
  const ends = forms.map((form) => ((form.expiration_time ?? 0) + 1) * 1_000 - nowMs);
  return Math.round(Math.min(delayMs, ...ends.filter((endMs) => endMs > 0)));
}
