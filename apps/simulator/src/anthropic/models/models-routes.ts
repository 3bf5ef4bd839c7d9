import { findModel, MODELS } from '../../models/catalogue.ts';
import type { Model } from '../../models/catalogue.ts';
import type { Call } from '../../server/call.ts';
import type { Route } from '../../server/dialect.ts';
import { errorReply, invalidRequest, notFound } from '../errors.ts';

const CREATED = '2026-01-01T00:00:00Z';
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;
const CHAT_MODELS = MODELS.filter(({ type }) => type === 'chat');

/**
 * `GET /v1/models`, in pages, and `GET /v1/models/:id`.
 * @see https://platform.claude.com/docs/en/api/models/list
 */
export function createModelsRoutes(): Route[] {
  const common = { method: 'GET', kind: 'models', paid: false } as const;
  return [
    { ...common, path: '/v1/models', prepare: listModels },
    {
      ...common,
      path: '/v1/models/:id',
      prepare: (call) => {
        const { id = '' } = call.params;
        const model = findModel(id);
        if (model?.type === 'chat') return respond(describeModel(id, model));
        return { refusal: errorReply(notFound(`model: ${id}`), call) };
      },
    },
  ];
}

function listModels(call: Call): ReturnType<Route['prepare']> {
  const { query } = call;
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    const message = `limit: Input should be an integer from 1 to ${MAX_LIMIT}`;
    return { refusal: errorReply(invalidRequest(message), call) };
  }
  const before = query.get('before_id');
  const candidates = before === null ? after(query.get('after_id')) : until(before);
  const page = before === null ? candidates.slice(0, limit) : candidates.slice(-limit);
  return respond({
    data: page.map((model) => describeModel(model.id, model)),
    has_more: page.length < candidates.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  });
}

function after(id: string | null): readonly Model[] {
  return CHAT_MODELS.slice(CHAT_MODELS.findIndex((model) => model.id === id) + 1);
}

function until(id: string): readonly Model[] {
  return CHAT_MODELS.slice(
    0,
    Math.max(
      0,
      CHAT_MODELS.findIndex((model) => model.id === id),
    ),
  );
}

function respond(body: object): ReturnType<Route['prepare']> {
  return {
    answer: async (exchange) => {
      await exchange.reply({ status: 200, body: JSON.stringify(body) });
      exchange.settleByEnding();
    },
  };
}

function describeModel(id: string, model: Model): object {
  return {
    type: 'model',
    id,
    display_name: id,
    created_at: CREATED,
    max_input_tokens: model.contextTokens,
    max_tokens: model.maxOutputTokens,
    lifecycle: 'active',
    deprecated_at: null,
    retires_at: null,
    line: null,
    capabilities: CAPABILITIES,
  };
}

const YES = { supported: true };
const NO = { supported: false };
const CAPABILITIES = {
  batch: NO,
  citations: NO,
  code_execution: NO,
  context_management: {
    supported: false,
    clear_thinking_20251015: NO,
    clear_tool_uses_20250919: NO,
    compact_20260112: NO,
  },
  effort: { supported: true, low: YES, medium: YES, high: YES, xhigh: YES, max: YES },
  image_input: YES,
  pdf_input: YES,
  server_tools: { supported: false, code_execution: NO, web_search: NO },
  structured_outputs: YES,
  thinking: {
    supported: true,
    types: { adaptive: YES, between_tools: YES, disabled: YES, enabled: YES },
  },
};
