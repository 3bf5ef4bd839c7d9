/** What a `data:` URL holds. */
export interface InlineData {
  /** Lower case, without parameters: `image/png`. */
  mimeType: string;
  base64: string;
}

/**
 * Reads a `data:` URL; undefined for any other. Data that is not base64 is made so.
 * @see https://www.rfc-editor.org/rfc/rfc2397
 */
export function readDataUrl(url: string): InlineData | undefined {
  if (!/^data:/i.test(url)) return undefined;
  const comma = url.indexOf(',');
  if (comma < 0) return undefined;
  const [type = '', ...parameters] = url.slice('data:'.length, comma).split(';');
  const data = url.slice(comma + 1);
  const isBase64 = parameters.some((parameter) => parameter.trim().toLowerCase() === 'base64');
  return {
    mimeType: type.trim().toLowerCase() || 'text/plain',
    base64: isBase64 ? data : Buffer.from(percentDecoded(data)).toString('base64'),
  };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
