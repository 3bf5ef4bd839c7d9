import { printTable } from '../print-table.ts';

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
  const shown = data.flatMap(({ start_time: startTime, results }) =>
    results.map((result) => ({ at: new Date(startTime * 1_000), result })),
  );
  const [first] = shown;
  if (!first) return 'no calls in this time\n';
  const by = dimensions.filter((name) => name in first.result);
  const most = Math.max(...shown.map(({ result }) => Number(result.cost_usd)));
  const rows = shown.map(({ at, result }) => [
    at.toISOString().slice(0, 16).replace('T', ' '),
    ...by.map((name) => String(result[name] ?? '-')),
    ...columns.map((name) => String(result[name])),
    bar(Number(result.cost_usd), most) + (result.cost_unknown_requests > 0 ? ' + unknown' : ''),
  ]);
  // The bar stands behind the numbers, as a text of its own.
  const bars = rows.map((row) => row.at(-1) ?? '');
  const numbers = rows.map((row) => row.slice(0, -1));
  const lines = printTable([['UTC', ...by, ...titles], ...numbers], by.length + 1).split('\n');
  return lines.map((line, i) => [line, bars[i - 1]].filter(Boolean).join('  ')).join('\n');
}

function bar(value: number, most: number): string {
  if (value === 0 || most === 0) return '';
  return '█'.repeat(Math.max(1, Math.round((value / most) * widestBar)));
}
