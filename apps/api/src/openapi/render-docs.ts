import type { OpenApiDocument } from './build-openapi.ts';

/** The document as one page without scripts and without anything from elsewhere. Every text in it is escaped. */
export function renderDocs({ paths }: OpenApiDocument): string {
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
</body></html>`;
}

function section(method: string, path: string, operation: Record<string, unknown>): string {
  const { summary, requestBody, parameters } = operation;
  const scope = operation['x-sluice-scope'];
  const details: [title: string, value: unknown][] = [
    ...(Array.isArray(parameters) && parameters.length > 0
      ? [['Parameters', parameters] as [string, unknown]]
      : []),
    ...(requestBody === undefined ? [] : [['Body', requestBody] as [string, unknown]]),
  ];
  const blocks = details.map(([title, value]) => {
    const json = escape(JSON.stringify(value, undefined, 2));
    return `<details><summary>${escape(title)}</summary><pre>${json}</pre></details>`;
  });
  const needs = typeof scope === 'string' ? `Scope: <code>${escape(scope)}</code>.` : 'No key.';
  return `<section><h2><code>${escape(method.toUpperCase())} ${escape(path)}</code></h2>
<p>${escape(String(summary))} ${needs}</p>${blocks.join('')}</section>`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? '');
}
