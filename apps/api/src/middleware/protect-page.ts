import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';

import { requestIdOf } from '../http/reply.ts';

/**
 * The headers that keep a page from harm: it loads nothing but what `sources` allow, nobody frames it, sniffs its type or
 * learns where it was read. Answers in JSON carry the few of them that mean something there; see `replyJson`.
 */
export function protectPage(sources: Readonly<Record<string, string[]>>) {
  const secure = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        ...sources,
      },
    },
    frameguard: { action: 'deny' },
  });
  return (request: Request, response: Response, next: NextFunction): void => {
    response.setHeader('X-Request-Id', requestIdOf(response));
    secure(request, response, next);
  };
}
