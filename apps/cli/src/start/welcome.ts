import { relative } from 'node:path';

import type { Config } from '@sluice/config';

import { modelTypes } from '@sluice/contracts';

import type { AdminKey } from './admin-key.ts';

export interface WelcomeOptions {
  url: string;
  adminKey: AdminKey;
  /** A line for each job of the demo. */
  demo: readonly string[];
  config: Config;
  logs: string;
}

/** What `npm start` prints when everything runs: what happened, where to go, and a command that works when pasted. */
export function welcome(options: WelcomeOptions): string {
  const { url, adminKey, demo, config } = options;
  return [
    '',
    ...(demo.length > 0
      ? ['Ran one job of each type against the simulator:', ...indent(demo), '']
      : []),
    `Sluice listens on ${url}`,
    ...indent([
      `models   ${modelTypes.flatMap((type) => Object.keys(config.routes[type])).join(', ') || 'none'}`,
      `apps     ${Object.keys(config.routes.workflow).join(', ') || 'none'}`,
      `queues   ${url}/admin/queues (any user name; the admin key is the password)`,
      `logs     ${relative(process.cwd(), options.logs) || options.logs}`,
      ...allowed(config),
      ...keyLine(adminKey),
    ]),
    '',
    'Submit a job and wait for its result:',
    ...indent(curl(options)),
    '',
    'Ctrl-C stops everything.',
    '',
  ].join('\n');
}

function allowed(config: Config): string[] {
  if (config.allowPrivateHosts.length === 0) return [];
  return [
    `webhooks and base URLs may reach the private hosts ${config.allowPrivateHosts.join(', ')}`,
  ];
}

function keyLine(adminKey: AdminKey): string[] {
  if (adminKey.isNew) {
    return [`key      ${adminKey.key} (admin; shown this once, kept in ${adminKey.file})`];
  }
  return [`key      ${adminKey.file ? `in ${adminKey.file}` : 'from SLUICE_ADMIN_KEY'}`];
}

function curl({ url, adminKey, config }: WelcomeOptions): string[] {
  const model = Object.keys(config.routes.chat)[0];
  const app = Object.keys(config.routes.workflow)[0];
  const body = model
    ? { type: 'chat', model, input: { messages: [{ role: 'user', content: 'Hello' }] } }
    : { type: 'workflow', app, input: { inputs: {} } };
  return [
    `curl -sS ${url}/v1/jobs \\`,
    `  -H "Authorization: Bearer ${shellKey(adminKey)}" \\`,
    `  -H 'Content-Type: application/json' -H 'Prefer: wait=30' \\`,
    `  -d '${JSON.stringify(body)}'`,
  ];
}

/** The key itself on the first start, later a command that reads it: a terminal's history is no place for keys. */
function shellKey(adminKey: AdminKey): string {
  if (adminKey.isNew) return adminKey.key;
  return adminKey.file ? `$(cat '${adminKey.file}')` : '$SLUICE_ADMIN_KEY';
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
