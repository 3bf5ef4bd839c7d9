import { deliveryStates, type DeliveryState, type DeliveryView } from '@sluice/contracts';
import type { SluiceClient } from '@sluice/client';
import type { Command } from 'commander';

import { readEnvironment } from '../environment.ts';
import { connect } from '../connect.ts';
import { printTable } from '../print-table.ts';

type Run = (act: () => Promise<unknown>) => Promise<void>;
type Webhooks = SluiceClient['webhooks'];
/** Does it and prints the reply as JSON. */
type Show = (act: (endpoints: Webhooks) => Promise<unknown>) => Promise<void>;

/** Adds `sluice webhooks list|create|delete|enable|test|rotate-secret|deliveries|redeliver`. */
export function addWebhookCommands(program: Command, run: Run): void {
  const webhooks = program.command('webhooks').description('endpoints, and what became of events');
  const show: Show = (act) =>
    run(async () => {
      const reply = await act((await connect(readEnvironment())).webhooks);
      process.stdout.write(`${JSON.stringify(reply, undefined, 2)}\n`);
    });
  webhooks
    .command('create <url>')
    .description('its secret is printed this once')
    .option('--events <list>', 'patterns, with commas, as workflow.*,*.failed', '*')
    .option('--description <text>')
    .action((url: string, { events, description }: { events: string; description?: string }) =>
      show((endpoints) =>
        endpoints.create({
          url,
          events: events.split(','),
          ...(description !== undefined && { description }),
        }),
      ),
    );
  addChanges(webhooks, show);
  addLists(webhooks, run);
  webhooks
    .command('delete <id>')
    .action((id: string) => run(async () => await (await connectWebhooks()).delete(id)));
}

function addChanges(webhooks: Command, show: Show): void {
  webhooks
    .command('enable <id>')
    .description('also sends what was parked')
    .action((id: string) => show((endpoints) => endpoints.update(id, { enabled: true })));
  webhooks
    .command('test <id>')
    .description('send it webhook.test')
    .action((id: string) => show((endpoints) => endpoints.test(id)));
  webhooks
    .command('rotate-secret <id>')
    .option('--overlap <seconds>', 'how long both secrets sign', '86400')
    .action((id: string, { overlap }: { overlap: string }) =>
      show((endpoints) => endpoints.rotateSecret(id, { overlap_seconds: Number(overlap) })),
    );
  webhooks
    .command('delivery <id>')
    .description('one event: every request and what came back')
    .action((id: string) => show((endpoints) => endpoints.delivery(id)));
  webhooks
    .command('redeliver <delivery>')
    .description('send an event again')
    .action((id: string) => show((endpoints) => endpoints.redeliver(id)));
}

function addLists(webhooks: Command, run: Run): void {
  webhooks
    .command('list')
    .option('--json', 'as the API gives it')
    .action(({ json }: { json?: boolean }) =>
      run(async () => {
        const found = await collect((await connectWebhooks()).list());
        const rows = found.map(({ id, enabled, disabled_reason: why, events, url }) => [
          id,
          enabled ? 'enabled' : `disabled (${why})`,
          events.join(','),
          url,
        ]);
        print(found, printTable([['endpoint', 'state', 'events', 'url'], ...rows], 4), json);
      }),
    );
  webhooks
    .command('deliveries <id>')
    .description('the newest first')
    .option('--state <state>', deliveryStates.join(', '))
    .option('--json', 'as the API gives it')
    .action((id: string, { state, json }: { state?: DeliveryState; json?: boolean }) =>
      run(async () => {
        const endpoints = await connectWebhooks();
        const found = await collect(endpoints.deliveries(id, state === undefined ? {} : { state }));
        const rows = found.map((delivery) => deliveryRow(delivery));
        const titles = ['delivery', 'event', 'state', 'tries', 'last'];
        print(found, printTable([titles, ...rows], 5), json);
      }),
    );
}

function deliveryRow({ id, event_type: type, state, attempts }: DeliveryView): string[] {
  const last = attempts.at(-1);
  const said = last?.status === undefined ? (last?.message ?? '') : `HTTP ${last.status}`;
  return [id, type, state, String(attempts.length), last ? `${last.at} ${said}`.trim() : ''];
}

async function connectWebhooks(): Promise<Webhooks> {
  return (await connect(readEnvironment())).webhooks;
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function print(found: readonly unknown[], table: string, json: boolean | undefined): void {
  process.stdout.write(json ? `${JSON.stringify(found, undefined, 2)}\n` : table);
}
