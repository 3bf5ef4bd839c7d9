import type { Request, Response } from 'express';

import { keysOf, maskKey } from '@sluice/config';
import type { Parking } from '@sluice/limits';

import type { ApiDeps } from '../deps.ts';
import { replyJson } from '../http/reply.ts';

/**
 * `GET /v1/providers`, for the admin: the configured upstream accounts with their keys, of which only the last four
 * characters are shown, and why and until when a key is parked.
 */
export function listProvidersRoute({ config, parkedKeys }: Pick<ApiDeps, 'config' | 'parkedKeys'>) {
  return async (_request: Request, response: Response): Promise<void> => {
    const parkingsOf = await parkedKeys.look();
    const data = Object.values(config.providers).map((provider) => ({
      id: provider.name,
      object: 'provider',
      kind: provider.kind,
      base_url: provider.baseUrl,
      keys: keysOf(config, provider.name).map((key) => ({
        key: maskKey(key),
        parked: parkingsOf(provider, key).map(parkingView),
      })),
    }));
    replyJson(response, 200, JSON.stringify({ object: 'list', data }));
  };
}

function parkingView({ code, reason, sinceMs, untilMs, model }: Parking): Record<string, string> {
  return {
    code,
    reason,
    since: new Date(sinceMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    ...(model !== undefined && { model }),
  };
}
