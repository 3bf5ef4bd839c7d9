import { Validator } from '@seriousme/openapi-schema-validator';
import { errorCodes, eventTypes } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { apiRoutes } from '../routes.ts';
import { expectError } from '../testing/expect-error.ts';
import { startTestApi } from '../testing/start-test-api.ts';
import { buildOpenApi } from './build-openapi.ts';
import { routeDescriptions } from './describe-routes.ts';
import { renderDocs } from './render-docs.ts';

interface Answer {
  $ref?: string;
  content?: Record<string, { example?: unknown; examples?: Record<string, unknown> }>;
}

const lastOf = (reference: string) => reference.split('/').at(-1) ?? '';

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const document = buildOpenApi(apiRoutes, routeDescriptions);
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document) as never);
    expect(result).toMatchObject({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('has every route of the table and no other, each once', () => {
    const { paths } = buildOpenApi(apiRoutes, routeDescriptions);
    const documented = Object.entries(paths).flatMap(([path, byMethod]) =>
      Object.keys(byMethod).map((method) => `${method} ${path.replace(/\{([a-z]+)\}/g, ':$1')}`),
    );
    const routes = apiRoutes.map(({ method, path }) => `${method} ${path}`);
    expect(documented.toSorted()).toEqual(routes.toSorted());
    expect(Object.keys(routeDescriptions).toSorted()).toEqual(routes.toSorted());
    const ids = Object.values(paths).flatMap((byMethod) =>
      Object.values(byMethod).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(routes.length);
  });

  it('has examples that the contracts take', () => {
    for (const [route, { body }] of Object.entries(routeDescriptions)) {
      const parsed = body?.schema.safeParse(body.example);
      expect({ route, error: parsed?.error }).toEqual({ route, error: undefined });
    }
  });

  it('shows an example of every answer, of every error with its status, and of every event', () => {
    const document = JSON.parse(JSON.stringify(buildOpenApi(apiRoutes, routeDescriptions))) as {
      paths: Record<string, Record<string, { responses: Record<string, Answer> }>>;
      webhooks: Record<string, { post: { requestBody: Answer } }>;
      components: { responses: Record<string, Answer> };
    };
    const operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
      Object.entries(byMethod).map(([method, { responses }]) => ({ method, path, responses })),
    );
    for (const { method, path, responses } of operations) {
      const good = Object.entries(responses).find(([status]) => status.startsWith('2'));
      const [content] = Object.values(good?.[1].content ?? {});
      const has = good?.[0] === '204' || content?.example !== undefined;
      expect({ method, path, has }).toMatchObject({ has: true });
      const references = Object.values(responses).flatMap(({ $ref }) => $ref ?? []);
      expect(Object.keys(document.components.responses)).toEqual(
        expect.arrayContaining(references.map(lastOf)),
      );
    }
    const shown = Object.values(document.components.responses).flatMap(({ content }) =>
      Object.keys(content?.['application/json']?.examples ?? {}),
    );
    expect(shown.toSorted()).toEqual(Object.keys(errorCodes).toSorted());
    expect(Object.keys(document.webhooks)).toEqual(eventTypes);
    for (const [type, { post }] of Object.entries(document.webhooks)) {
      expect(post.requestBody.content?.['application/json']?.example).toMatchObject({ type });
    }
  });

  it('is served, and as a page that loads nothing and escapes every text', async () => {
    const api = await startTestApi();
    const served = await fetch(`${api.url}/openapi.json`);
    const document = buildOpenApi(apiRoutes, routeDescriptions);
    expect(await served.json()).toEqual(JSON.parse(JSON.stringify(document)));
    const page = await fetch(`${api.url}/docs`);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).not.toMatch(/<script|(?:src|href)="(?!\/)|@import|url\(/);
    for (const path of Object.keys(document.paths)) expect(html).toContain(path);
    const evil = { get: { summary: '<script>alert(1)</script>' } };
    expect(renderDocs({ ...document, paths: { '/"><b>': evil } })).not.toMatch(/<script>|<b>/);
    await expectError(await api.call('/docs', { method: 'POST' }), 405, 'method_not_allowed');
  });
});
