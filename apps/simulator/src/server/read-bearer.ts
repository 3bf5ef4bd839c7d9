import type { IncomingHttpHeaders } from 'node:http';

/** The token of `Authorization: Bearer …`; empty when there is none. */
export function readBearer(headers: IncomingHttpHeaders): string {
  const { authorization } = headers;
  if (authorization === undefined) return '';
  if (authorization.startsWith('Bearer ')) return authorization.slice(7).trim();
  return /^bearer\s+(\S.*)$/iu.exec(authorization.trim())?.[1] ?? '';
}
