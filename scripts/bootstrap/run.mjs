import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { existsSync } from 'node:fs';

const parentCheckMs = 300;

/** Runs the steps one after the other until one fails; resolves with the exit code to end with. */
export async function runSteps(steps, node, environment) {
  for (const step of steps) {
    const code = await runStep(step, node, environment);
    if (code !== 0) return code;
  }
  return 0;
}

function runStep(step, node, environment) {
  const file = step.file();
  if (!existsSync(file))
    throw new Error(`${file} is missing; run "npm run setup" or check the clone`);
  const child = spawn(node, [file, ...step.arguments], {
    cwd: step.cwd,
    env: environment,
    stdio: step.watched ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
  });
  const stopForwarding = forwardSignals(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      stopForwarding();
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

/**
 * Passes signals on to the child. A terminal sends Ctrl-C to the whole group and npm passes it on
 * once more; the child must see it once, for a second one may mean "stop at once".
 */
function forwardSignals(child) {
  const onlyOnceInMs = 500;
  const lastAt = new Map();
  const forward = (signal) => {
    const now = Date.now();
    const isRepeat = now - (lastAt.get(signal) ?? 0) < onlyOnceInMs;
    lastAt.set(signal, now);
    const sentByTerminal = signal === 'SIGINT' && process.stdin.isTTY;
    if (!isRepeat && !sentByTerminal) child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  const stopWatching = onParentGone(() => forward('SIGTERM'));
  return () => {
    stopWatching();
    signals.forEach((signal) => process.off(signal, forward));
  };
}

/**
 * npm runs its scripts in a shell and passes signals to that shell only. Where the shell stays (dash
 * does), `kill` of npm ends both and nobody tells this process, but it gets a new parent.
 */
function onParentGone(act) {
  const startedByNpm = process.env.npm_lifecycle_event !== undefined;
  if (!startedByNpm) return () => {};
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    act();
  }, parentCheckMs);
  return () => clearInterval(timer);
}
