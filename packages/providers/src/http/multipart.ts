/** A form as the bytes of a request, and their content type with the boundary. */
export interface EncodedForm {
  bytes: Buffer;
  contentType: string;
}

/**
 * A form as `multipart/form-data`. The platform encodes forms inside replies and requests only, so it becomes a reply.
 * @see https://www.rfc-editor.org/rfc/rfc7578
 */
export async function encodeForm(form: FormData): Promise<EncodedForm> {
  const encoded = new Response(form);
  const bytes = Buffer.from(await encoded.arrayBuffer());
  return { bytes, contentType: encoded.headers.get('content-type') ?? 'multipart/form-data' };
}
