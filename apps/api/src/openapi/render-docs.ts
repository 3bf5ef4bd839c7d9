import type { OpenApiDocument } from './build-openapi.ts';

/** The document as one page without scripts and without anything from elsewhere. Every text in it is escaped. */
export function renderDocs({ paths, webhooks }: OpenApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => section(method, path, operation)),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sluice API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}code{font-size:.95em}
pre{background:#f4f4f4;padding:1rem;overflow:auto;max-height:30rem}summary{cursor:pointer}</style></head>
<body><h1>Sluice API</h1><p>Send a key as <code>Authorization: Bearer &lt;key&gt;</code>. The same as data:
<a href="/openapi.json">/openapi.json</a>.</p>
${operations.join('\n')}
<h1>Webhooks</h1>
${Object.entries(webhooks).map(eventSection).join('\n')}
</body></html>`;
}

function section(method: string, path: string, operation: Record<string, unknown>): string {
  const { summary, requestBody, parameters, responses } = operation;
  const scope = operation['x-sluice-scope'];
  const given: [title: string, value: unknown][] = [
    ['Parameters', Array.isArray(parameters) && parameters.length > 0 ? parameters : undefined],
    ['Body', requestBody],
    ['Answers', responses],
  ];
  const blocks = given.map(([title, value]) => (value === undefined ? '' : block(title, value)));
  const needs = typeof scope === 'string' ? `Scope: <code>${escape(scope)}</code>.` : 'No key.';
  return `<section><h2><code>${escape(method.toUpperCase())} ${escape(path)}</code></h2>
<p>${escape(String(summary))} ${needs}</p>${blocks.join('')}</section>`;
}

function eventSection([type, { post }]: [string, { post: Record<string, unknown> }]): string {
  return `<section><h2><code>${escape(type)}</code></h2>
<p>${escape(String(post['summary']))}</p>${block('Event', post['requestBody'])}</section>`;
}

function block(title: string, value: unknown): string {
  const json = escape(JSON.stringify(value, undefined, 2));
  return `<details><summary>${escape(title)}</summary><pre>${json}</pre></details>`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? '');
}
