import { createLogger, readEnvironment } from '@sluice/runtime';

import { examine } from './examine.ts';
import { printFindings } from './print-findings.ts';

/** `sluice doctor`: prints what it finds, as a table or as JSON. The exit code is 1 if anything has to be mended. */
export async function runDoctor({ json }: { json: boolean }): Promise<void> {
  const env = readEnvironment();
  // What the connections say of themselves stands in the findings.
  const log = createLogger({ name: 'doctor', level: env['SLUICE_LOG_LEVEL'] ?? 'silent' });
  const findings = await examine({ env, cwd: process.cwd(), log });
  const isWell = findings.every(({ state }) => state !== 'fail');
  process.stdout.write(
    json ? `${JSON.stringify({ ok: isWell, findings }, undefined, 2)}\n` : printFindings(findings),
  );
  process.exitCode = isWell ? 0 : 1;
}
