import type { Exchange } from '../../server/exchange.ts';
import type { Route } from '../../server/dialect.ts';
import type { World } from '../../world.ts';
import { costUsd } from '../../models/catalogue.ts';
import { embed } from './embed.ts';
import { readEmbeddingRequest } from './read-embedding-request.ts';
import type { EmbeddingRequest } from './read-embedding-request.ts';

/**
 * `POST /embeddings`. Vectors are unit length and depend on the words of the text only.
 * @see https://platform.openai.com/docs/api-reference/embeddings
 */
export function createEmbeddingsRoute(world: World): Route {
  return {
    method: 'POST',
    path: '/embeddings',
    kind: 'embedding',
    paid: true,
    prepare: (call) => {
      const request = readEmbeddingRequest(call.json);
      if ('status' in request) return { refusal: request };
      return {
        model: request.modelId,
        reservedTokens: request.tokens,
        answer: async (exchange) => {
          const behaviour = world.behaviour.for(call.key);
          await exchange.sleep(behaviour.draw(behaviour.settings.latencyMs));
          await answer(exchange, request);
        },
      };
    },
  };
}

async function answer(exchange: Exchange, request: EmbeddingRequest): Promise<void> {
  const { modelId, model, tokens } = request;
  if (exchange.open) {
    const body = {
      object: 'list',
      data: request.inputs.map(({ words }, index) => ({
        object: 'embedding',
        index,
        embedding: encode(embed(words, request.dimensions), request.base64),
      })),
      model: modelId,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
    await exchange.reply({ status: 200, body: JSON.stringify(body) });
  }
  const cost = costUsd(model, tokens, 0);
  exchange.settleByEnding({ inputTokens: tokens, outputTokens: 0, costUsd: cost });
}

/** Base64 is little-endian float32, whatever the byte order of this machine. */
function encode(vector: Float32Array, base64: boolean): string | number[] {
  if (!base64) return Array.from(vector);
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
