import type { WorkflowResult } from '@sluice/contracts';

/** Names that workflows give to the output that is their answer, the likeliest first. */
const usualNames = ['answer', 'text', 'result', 'output'];

/**
 * What an app said, as the text of a message: its answer, or of a workflow the output that `variable` names, the only one, or
 * the one with a usual name; else all of them as JSON.
 */
export function appText({ answer, outputs }: WorkflowResult, variable?: string): string {
  if (variable !== undefined && Object.hasOwn(outputs, variable)) return asText(outputs[variable]);
  if (answer !== undefined) return answer;
  const [only, ...others] = Object.values(outputs);
  if (others.length === 0 && only !== undefined) return asText(only);
  const named = usualNames.find((name) => typeof outputs[name] === 'string');
  return asText(named === undefined ? outputs : outputs[named]);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
