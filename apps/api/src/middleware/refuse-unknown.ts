import type { NextFunction, Request, Response } from 'express';

import { SluiceError } from '@sluice/contracts';

/** For a known path that does not know the method. */
export function refuseMethod(allowed: readonly string[]) {
  const allow = allowed.join(', ');
  return (request: Request, response: Response, _next: NextFunction): void => {
    response.setHeader('Allow', allow);
    throw new SluiceError(
      'method_not_allowed',
      `${request.method} is not allowed here; allowed: ${allow}`,
    );
  };
}

/** For a path that nobody knows. */
export function refusePath(request: Request): void {
  throw new SluiceError('not_found', `there is nothing at ${request.method} ${request.path}`);
}
