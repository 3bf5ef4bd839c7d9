import type { RequestHandler } from 'express';

/** The routes of Dify's API that are an app's, and the names of apps. */
const pattern =
  /^\/apps\/([^/?]{1,300})(\/v1\/(?:workflows|chat-messages|completion-messages|conversations|messages|parameters|info|meta|site|files\/upload)(?:[/?].*)?)$/;

/**
 * Lets a base URL name the app, for clients that can send no header: `/apps/<app>/v1/chat-messages` is `/v1/chat-messages` with
 * `X-Dify-App-Id: <app>`. Before the routes, and before anything is allowed.
 */
export const appInPath: RequestHandler = (request, _response, next) => {
  const found = request.url.startsWith('/apps/') ? pattern.exec(request.url) : null;
  const [, name = '', path = ''] = found ?? [];
  const app = found ? decode(name) : undefined;
  if (app !== undefined) {
    request.url = path;
    request.headers['x-dify-app-id'] = app;
    delete request.headers['x-sluice-app'];
  }
  next();
};

/** `undefined` for a path that is none: nothing is there. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
