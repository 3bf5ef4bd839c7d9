import type { Finding } from './finding.ts';

const marks: Readonly<Record<Finding['state'], string>> = {
  ok: 'ok  ',
  warn: 'warn',
  fail: 'FAIL',
};

const areaOrder: readonly Finding['area'][] = ['configuration', 'redis', 'provider', 'model'];

/** Findings as a table for people: state, subject, message; one heading an area, and the sum at the end. */
export function printFindings(findings: readonly Finding[]): string {
  const areas = areaOrder.filter((area) => findings.some((finding) => finding.area === area));
  const width = Math.max(0, ...findings.map(({ subject }) => subject.length));
  const lines = areas.flatMap((area) => [
    area,
    ...findings
      .filter((finding) => finding.area === area)
      .map(
        ({ state, subject, message }) =>
          `  ${marks[state]}  ${subject.padEnd(width)}  ${message.replaceAll('\n', ' ')}`,
      ),
  ]);
  return `${[...lines, '', sumOf(findings)].join('\n')}\n`;
}

function sumOf(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((each) => each.state === state).length;
  const failures = count('fail');
  const warnings = count('warn');
  if (failures + warnings === 0) return 'everything is well';
  return `${failures} to mend, ${warnings} to look at`;
}
