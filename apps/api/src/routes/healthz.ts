import type { Request, Response } from 'express';

import { replyJson } from '../http/reply.ts';

/** `GET /healthz`: this process answers. No key needed. Whether the whole makes progress is `/readyz`'s to say. */
export function healthzRoute() {
  return (_request: Request, response: Response): void =>
    replyJson(response, 200, '{"status":"ok"}');
}
