import type { Call } from './call.ts';

/**
 * The fields of a multipart body; undefined when it is not multipart or broken. The platform parses
 * multipart for responses only, so the body becomes one.
 */
export async function readForm({ headers, body }: Call): Promise<FormData | undefined> {
  const contentType = headers['content-type'] ?? '';
  try {
    return await new Response(new Uint8Array(body), {
      headers: { 'content-type': contentType },
    }).formData();
  } catch {
    return undefined;
  }
}
