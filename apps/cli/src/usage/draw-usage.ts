/** What is shown of a page of `GET /v1/usage`. */
export interface UsagePage {
  data: {
    start_time: number;
    results: (Record<string, string | number | null> & {
      num_model_requests: number;
      num_cache_hits: number;
      input_tokens: number;
      output_tokens: number;
      cost_usd: string;
      cost_unknown_requests: number;
      saved_usd: string;
    })[];
  }[];
}

const dimensions = ['tenant_id', 'api_key_id', 'model', 'provider', 'app', 'user_id', 'tag'];
const columns = [
  'num_model_requests',
  'num_cache_hits',
  'input_tokens',
  'output_tokens',
  'cost_usd',
  'saved_usd',
];
const titles = ['calls', 'hits', 'input', 'output', 'cost $', 'saved $'];
const widestBar = 30;

/** A table with a line for each group of each bucket that has calls, and a bar for what it cost beside the dearest. */
export function drawUsage({ data }: UsagePage): string {
  const lines = data.flatMap(({ start_time: startTime, results }) =>
    results.map((result) => ({ at: new Date(startTime * 1_000), result })),
  );
  const [first] = lines;
  if (!first) return 'no calls in this time\n';
  const by = dimensions.filter((name) => name in first.result);
  const most = Math.max(...lines.map(({ result }) => Number(result.cost_usd)));
  const rows = lines.map(({ at, result }) => [
    at.toISOString().slice(0, 16).replace('T', ' '),
    ...by.map((name) => String(result[name] ?? '-')),
    ...columns.map((name) => String(result[name])),
    bar(Number(result.cost_usd), most) + (result.cost_unknown_requests > 0 ? ' + unknown' : ''),
  ]);
  return table([['UTC', ...by, ...titles, ''], ...rows], by.length + 1);
}

function bar(value: number, most: number): string {
  if (value === 0 || most === 0) return '';
  return '█'.repeat(Math.max(1, Math.round((value / most) * widestBar)));
}

/** Text to the left, numbers to the right. */
function table(rows: readonly string[][], textColumns: number): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const isNumber = (i: number) => i >= textColumns && i < widths.length - 1;
  const line = (row: string[]) =>
    row.map((cell, i) =>
      isNumber(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
    );
  return rows.map((row) => `${line(row).join('  ').trimEnd()}\n`).join('');
}
