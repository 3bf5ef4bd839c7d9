import type { Script } from './scripted-upstream.ts';

/** The ways in which a stream may go, for one content type. */
export function streamScripts(type: string) {
  /** Sends a stream of events, whole, one write an event. */
  const stream = (...events: (string | Buffer)[]): Script => {
    return (response) => {
      response.writeHead(200, { 'content-type': type, 'x-request-id': 'req_7' });
      for (const event of events) response.write(event);
      response.end();
    };
  };
  /** Sends events and leaves the stream open. */
  const openStream = (...events: string[]): Script => {
    return (response) => {
      response.writeHead(200, { 'content-type': type });
      response.flushHeaders();
      for (const event of events) response.write(event);
    };
  };
  /** Sends events, then the same piece again and again. */
  const drip = (events: string[], piece: string, everyMs: number): Script => {
    return (response, call) => {
      void openStream(...events)(response, call);
      const timer = setInterval(() => response.write(piece), everyMs);
      void call.closed.then(() => clearInterval(timer));
    };
  };
  /** Sends events, then breaks the connection with a TCP reset once they have arrived. */
  const reset = (...events: string[]): Script => {
    return (response, call) => {
      void openStream(...events)(response, call);
      setTimeout(() => response.socket?.resetAndDestroy(), 30);
    };
  };
  return { stream, openStream, drip, reset };
}

/** Breaks the connection before a byte of the reply. */
export const resetAtOnce: Script = (response) => {
  response.socket?.resetAndDestroy();
};

/** Never answers. */
export const hang: Script = () => undefined;

/** Sends a status, headers and a body: JSON of an object, a text or bytes as they are. */
export function reply(
  status: number,
  body: unknown = '',
  headers: Record<string, string> = {},
): Script {
  const isText = typeof body === 'string';
  return (response) => {
    response.writeHead(status, {
      'content-type': isText ? 'text/html' : 'application/json',
      ...headers,
    });
    response.end(isText || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  };
}

/** Sends a JSON document. */
export function document(body: unknown): Script {
  return reply(200, body);
}
