/**
 * Simulator, API and worker in one process, each by its own `main.ts`: for tests that end none of them. Starting a process
 * takes a second of a processor, most of it for modules that all three share.
 */
const say = process.send?.bind(process);
let url: string | undefined;
process.send = (message: { url?: string }) => {
  url = message.url ?? url;
  return true;
};
await import('../../apps/simulator/src/main.ts');
await import('../../apps/worker/src/main.ts');
await import('../../apps/api/src/main.ts');
say?.({ type: 'ready', url });
