import { expect } from 'vitest';

/** What a client reads of a refusal. */
export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string };
  request_id: string;
}

/** Reads the reply and checks that it is an error in OpenAI's form with this status and code. */
export async function expectError(
  response: Response,
  status: number,
  code: string,
): Promise<ErrorBody['error']> {
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status });
  // Checked field by field below.
  const body = JSON.parse(text) as ErrorBody;
  expect(Object.keys(body)).toEqual(['error', 'request_id']);
  expect(Object.keys(body.error)).toEqual(['message', 'type', 'param', 'code']);
  expect(body.error.code).toBe(code);
  expect(body.request_id).toBe(response.headers.get('x-request-id'));
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  return body.error;
}

/** The same of an error in Anthropic's form. */
export async function expectAnthropicError(
  response: Response,
  status: number,
  type: string,
): Promise<{ type: string; message: string }> {
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status });
  // Checked field by field below.
  const body = JSON.parse(text) as { error: { type: string; message: string } };
  expect(body).toEqual({
    type: 'error',
    error: { type, message: expect.any(String), details: expect.any(Object) },
    request_id: response.headers.get('request-id'),
  });
  return body.error;
}

/** The same of an error in Dify's form. */
export async function expectDifyError(
  response: Response,
  status: number,
  code: string,
): Promise<{ code: string; message: string; params?: string; status: number }> {
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status });
  const body = JSON.parse(text) as Awaited<ReturnType<typeof expectDifyError>>;
  expect(body).toEqual({
    code,
    message: expect.any(String),
    status,
    ...('params' in body && { params: expect.any(String) }),
  });
  return body;
}
