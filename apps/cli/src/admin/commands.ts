import type { Command } from 'commander';

import { scopes } from '@sluice/contracts';

import { readEnvironment } from '../environment.ts';
import { createAdminClient, type AdminClient } from '../connect.ts';
import { addCache } from '../cache/cache-command.ts';
import { addJobs } from '../jobs/jobs-command.ts';
import { addSplits } from '../splits/splits-command.ts';
import { drawLimits, type LimitsPage } from '../limits/draw-limits.ts';

type Run = (act: () => Promise<unknown>) => Promise<void>;

/** One request, and its reply as JSON on standard output. */
type Call = (...request: Parameters<AdminClient>) => Promise<void>;

/** Adds `sluice cache …`, `sluice jobs …`, `sluice tenants …`, `sluice keys …`, `sluice limits …` and `sluice splits …`: the admin API from a shell. `run` explains errors and sets the exit code. */
export function addAdminCommands(program: Command, run: Run): void {
  const call: Call = (method, path, body) =>
    run(async () => {
      const client = await createAdminClient(readEnvironment());
      const reply = await client(method, path, body);
      process.stdout.write(`${JSON.stringify(reply, undefined, 2)}\n`);
    });
  addCache(program.command('cache').description('cached replies: preload, invalidate'), run);
  addJobs(program.command('jobs').description('jobs: list, look, cancel, try again'), run);
  addTenants(program.command('tenants').description('tenants: who pays and who may read'), call);
  addKeys(program.command('keys').description('API keys of tenants'), call);
  addLimits(
    program.command('limits').description('rate limits: what is used, and changes at once'),
    call,
    run,
  );
  addSplits(program.command('splits').description('splits: shares, roll-backs'), call, run);
}

function addTenants(tenants: Command, call: Call): void {
  const path = (id: string) => `/v1/admin/tenants/${encodeURIComponent(id)}`;
  tenants.command('list').action(() => call('GET', '/v1/admin/tenants'));
  tenants
    .command('create <id>')
    .option('--name <name>')
    .action((id: string, options: { name?: string }) =>
      call('POST', '/v1/admin/tenants', { id, ...options }),
    );
  tenants.command('show <id>').action((id: string) => call('GET', path(id)));
  tenants
    .command('suspend <id>')
    .description('shut its keys out')
    .action((id: string) => call('PATCH', path(id), { suspended: true }));
  tenants
    .command('resume <id>')
    .action((id: string) => call('PATCH', path(id), { suspended: false }));
  tenants
    .command('delete <id>')
    .description('shut its keys out for ever')
    .action((id: string) => call('DELETE', path(id)));
}

function addKeys(keys: Command, call: Call): void {
  const path = (id: string) => `/v1/admin/keys/${encodeURIComponent(id)}`;
  keys
    .command('list')
    .option('--tenant <id>', 'whose keys', 'default')
    .action(({ tenant }: { tenant: string }) =>
      call('GET', `/v1/admin/keys?tenant_id=${encodeURIComponent(tenant)}`),
    );
  keys
    .command('create')
    .description('make a key; it is printed this once')
    .option('--tenant <id>', 'whose key', 'default')
    .option('--scopes <list>', `of ${scopes.join(',')}`, 'submit,read,cancel')
    .option('--name <name>')
    .option('--expires-in <seconds>')
    .option('--requests-per-second <number>')
    .action((options: CreateOptions) => call('POST', '/v1/admin/keys', toCreate(options)));
  keys
    .command('rotate <id>')
    .description('make a key in the place of this one')
    .option('--overlap <seconds>', 'how long the old one still works', '0')
    .action((id: string, { overlap }: { overlap: string }) =>
      call('POST', `${path(id)}/rotate`, { overlap_seconds: Number(overlap) }),
    );
  keys.command('revoke <id>').action((id: string) => call('DELETE', path(id)));
}

async function showLimits(): Promise<void> {
  const client = await createAdminClient(readEnvironment());
  // The API's own reply.
  process.stdout.write(drawLimits((await client('GET', '/v1/limits')) as LimitsPage));
}

function addLimits(limits: Command, call: Call, run: Run): void {
  const path = (lane: string) => `/v1/limits/${encodeURIComponent(lane)}`;
  limits
    .command('list', { isDefault: true })
    .description('every lane: what is used of its limits, whether it is open, and why not')
    .option('--json', 'as the API gives it')
    .action(({ json }: { json?: boolean }) => (json ? call('GET', '/v1/limits') : run(showLimits)));
  limits
    .command('pause <lane>')
    .option('--reason <text>')
    .action((lane: string, options: { reason?: string }) =>
      call('POST', `${path(lane)}/pause`, options),
    );
  limits.command('resume <lane>').action((lane: string) => call('POST', `${path(lane)}/resume`));
  limits
    .command('pin <lane>')
    .description('keep its limits, whatever a changed configuration says')
    .action((lane: string) => call('POST', `${path(lane)}/pin`));
  limits.command('unpin <lane>').action((lane: string) => call('POST', `${path(lane)}/unpin`));
  limits
    .command('set <lane> <limits...>')
    .description('for example requestsPerMinute=100 concurrency=none')
    .action((lane: string, given: string[]) => call('PATCH', path(lane), readLimits(given)));
  limits
    .command('reset <lane>')
    .description('back to the limits of the configuration')
    .action((lane: string) => call('DELETE', path(lane)));
}

/** `name=number`, or `name=none` for no limit. What is no number goes to the API, which says what is allowed. */
export function readLimits(given: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    given.map((text) => {
      const [name = '', value = ''] = text.split('=', 2);
      if (value === 'none') return [name, null];
      return [name, /^\d+$/.test(value) ? Number(value) : value];
    }),
  );
}

interface CreateOptions {
  tenant: string;
  scopes: string;
  name?: string;
  expiresIn?: string;
  requestsPerSecond?: string;
}

function toCreate(options: CreateOptions): Record<string, unknown> {
  const { tenant, name, expiresIn, requestsPerSecond } = options;
  return {
    tenant_id: tenant,
    scopes: options.scopes.split(',').map((scope) => scope.trim()),
    ...(name !== undefined && { name }),
    ...(expiresIn !== undefined && { expires_in_seconds: Number(expiresIn) }),
    ...(requestsPerSecond !== undefined && { requests_per_second: Number(requestsPerSecond) }),
  };
}
