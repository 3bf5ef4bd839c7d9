import { findFreePort } from '@sluice/runtime';

/** The peer of the bench `sync`: the gateway as its package starts it, on a port of its own. It says when it listens. */
const port = await findFreePort();
process.argv.push(`--port=${port}`, '--headless');
// It has no types and nothing to call: importing it starts it.
const entry: string = '@portkey-ai/gateway/build/start-server.js';
await import(entry);
const url = `http://127.0.0.1:${port}`;
for (;;) {
  // oxlint-disable-next-line no-await-in-loop
  const reply = await fetch(url).catch(() => undefined);
  // oxlint-disable-next-line no-await-in-loop
  await reply?.text();
  if (reply) break;
}
process.send?.({ type: 'ready', url });
process.once('SIGTERM', () => process.exit(0));
process.once('disconnect', () => process.exit(0));
