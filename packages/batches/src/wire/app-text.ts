import type { WorkflowResult } from '@sluice/contracts';

/** Names that workflows give to the output that is their answer, the likeliest first. */
const usualNames = ['answer', 'text', 'result', 'output'];

/** What an app said as one text: its answer, its only output or the one with a usual name; else all of them as JSON. */
export function appText({ answer, outputs }: WorkflowResult): string {
  if (answer !== undefined) return answer;
  const [only, ...others] = Object.values(outputs);
  if (others.length === 0 && only !== undefined) return asText(only);
  const named = usualNames.find((name) => typeof outputs[name] === 'string');
  return asText(named === undefined ? outputs : outputs[named]);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
