import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { serve } from '../../server/serve.ts';
import { difyError, invalidParam, notFound } from '../errors.ts';
import { pageOf } from './conversation-routes.ts';
import type { Conversation, ConversationStore, Variable } from './conversation-store.ts';
import { fieldsOf, ofConversation } from './whose.ts';

/**
 * `GET /conversations/:id/variables` and `PUT /conversations/:id/variables/:variable_id`.
 * @see https://docs.dify.ai/api-reference/conversations/list-conversation-variables
 */
export function createVariableRoutes(conversations: ConversationStore): Route[] {
  const path = '/conversations/:id/variables';
  const kind = 'variables';
  return [
    ofConversation(conversations, { method: 'GET', path, kind }, listVariables),
    ofConversation(conversations, { method: 'PUT', path: `${path}/:variable`, kind }, setVariable),
  ];
}

function listVariables({ query }: Call, { variables }: Conversation): PreparedCall | Refusal {
  const wanted = query.get('variable_name');
  const named = variables.filter(({ name }) => wanted === null || name === wanted);
  const page = pageOf(named, query);
  if (!page) return { refusal: invalidParam('last_id does not exist') };
  return serve(200, { ...page, data: page.data.map(describeVariable) });
}

function setVariable({ params, json }: Call, { variables }: Conversation): PreparedCall | Refusal {
  const variable = variables.find(({ id }) => id === params.variable);
  if (!variable) return { refusal: notFound('Conversation Variable Not Exists.') };
  const { value } = fieldsOf(json);
  if (typeof value !== 'string') {
    return { refusal: difyError(400, 'bad_request', 'Variable type mismatch: expected string.') };
  }
  variable.value = value;
  return serve(200, describeVariable(variable));
}

function describeVariable({ id, name, value, updatedAt }: Variable): object {
  const times = { created_at: updatedAt, updated_at: updatedAt };
  return { id, name, value_type: 'string', value, description: '', ...times };
}
