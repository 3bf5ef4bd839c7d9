import type { Route } from '@sluice/config';
import { SluiceError, type AppKind, type WorkflowInput } from '@sluice/contracts';

/** Which fields of the input a kind of app takes: `must`, `may`, or why it does not. */
const fields: Readonly<
  Record<AppKind, Readonly<Record<'query' | 'conversation_id', 'must' | 'may' | string>>>
> = {
  workflow: {
    query: 'a workflow app reads only its variables: give it as input.inputs.query',
    conversation_id: 'a workflow app holds no conversation',
  },
  completion: { query: 'may', conversation_id: 'a completion app holds no conversation' },
  chat: { query: 'must', conversation_id: 'may' },
  chatflow: { query: 'must', conversation_id: 'may' },
  agent: { query: 'must', conversation_id: 'may' },
};

/**
 * Whether the input of a workflow job, and its session, fit the kind of its app.
 * @throws SluiceError `invalid_request`; `param` and the message name the field.
 */
export function checkAppInput(route: Route, input: WorkflowInput, sessionId?: string): void {
  const kind = route.targets[0].app?.kind ?? 'workflow';
  if (sessionId !== undefined) checkSession(kind, input);
  for (const name of ['query', 'conversation_id'] as const) {
    const rule = fields[kind][name];
    const isGiven = input[name] !== undefined;
    if (rule === 'may' || isGiven === (rule === 'must')) continue;
    const param = `input.${name}`;
    const why = isGiven
      ? rule
      : `is missing: app "${route.name}" is a ${kind} app, which answers it`;
    throw new SluiceError('invalid_request', `${param}: ${why}`, { param });
  }
}

function checkSession(kind: AppKind, input: WorkflowInput): void {
  const rule = fields[kind].conversation_id;
  const why =
    input.conversation_id === undefined ? rule : 'input.conversation_id names a conversation';
  if (why === 'may') return;
  throw new SluiceError('invalid_request', `session_id: ${why}`, { param: 'session_id' });
}
