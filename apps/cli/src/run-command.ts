import { Command } from 'commander';

import { addAdminCommands } from './admin/commands.ts';
import { addBatchCommands } from './batch/batch-command.ts';
import { addCompletionCommand } from './completion/completion-command.ts';
import { explain } from './connect.ts';
import { addSubmitCommand } from './jobs/submit-command.ts';
import { addWatchCommand } from './jobs/watch-command.ts';
import { spawnServices } from './start/spawn-service.ts';
import { addUsageCommand } from './usage/usage-command.ts';
import { addWebhookCommands } from './webhooks/webhooks-command.ts';

/** Runs the command that the arguments of the process name. */
export async function run(): Promise<void> {
  const program = new Command('sluice').description(
    'Queue-backed asynchronous jobs for LLM work. Configuration: sluice.config.yaml and the environment.',
  );
  addProcessCommands(program);
  addSubmitCommand(program, orExplain);
  addWatchCommand(program, orExplain);
  addBatchCommands(program, orExplain);
  addAdminCommands(program, orExplain);
  addWebhookCommands(program, orExplain);
  addUsageCommand(program, orExplain);
  addCompletionCommand(program, orExplain);
  await program.parseAsync();
}

/** What runs as processes of its own, and what looks at the place where they would. */
function addProcessCommands(program: Command): void {
  program
    .command('start')
    .description(
      'everything in one command: a local Redis if REDIS_URL is not set, API, worker and simulator',
    )
    .option('--no-demo', 'do not run one job of each type against the simulator')
    .action((options: { demo: boolean }) =>
      orExplain(async () => {
        // They load while this process does, reads its configuration and starts Redis.
        const services = spawnServices();
        const { startAll } = await import('./start/start-all.ts');
        await startAll(services, options);
      }),
    );
  program
    .command('api')
    .description('the HTTP API; needs REDIS_URL')
    .action(() => orExplain(() => import('../../api/src/main.ts')));
  program
    .command('worker')
    .description(
      'a worker; needs REDIS_URL. SLUICE_ROLES picks from run, batch, deliver, sweep, meter',
    )
    .action(() => orExplain(() => import('../../worker/src/main.ts')));
  program
    .command('simulator')
    .description('fake OpenAI and Dify that enforce limits and inject faults')
    .action(() => orExplain(() => import('../../simulator/src/main.ts')));
  program
    .command('doctor')
    .description(
      'look at the configuration, Redis, every provider key (by a free call) and the models; exit code 1 if something must be mended',
    )
    .option('--json', 'as JSON', false)
    .action((options: { json: boolean }) =>
      orExplain(async () => (await import('./doctor/run-doctor.ts')).runDoctor(options)),
    );
}

/** Runs what a subcommand does; whatever it throws is one line on standard error and exit code 1. */
async function orExplain(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    process.stderr.write(`sluice: ${explain(error)}\n`);
    process.exit(1);
  }
}
