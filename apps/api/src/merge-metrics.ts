import { Registry, type Metric } from 'prom-client';
import { z } from 'zod';

import type { Heartbeat } from '@sluice/contracts';

/** What is needed of one entry of prom-client's `getMetricsAsJSON()`. */
const metric = z.object({
  name: z.string(),
  help: z.string(),
  type: z.string(),
  values: z.array(
    z.object({
      // What is not a number yet, such as a lag never measured, became null in JSON.
      value: z
        .number()
        .nullable()
        .transform((value) => value ?? Number.NaN),
      labels: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
      metricName: z.string().optional(),
    }),
  ),
});
type MetricData = z.infer<typeof metric>;

/** The registry's own metrics and those of the workers, which get a label `worker`, as one text for Prometheus. */
export async function mergeMetrics(
  own: Registry,
  heartbeats: readonly Heartbeat[],
): Promise<string> {
  const byName = new Map<string, MetricData>();
  for (const { id, metrics } of heartbeats) {
    for (const given of metrics) {
      const parsed = metric.safeParse(given);
      if (parsed.success) add(byName, withWorker(parsed.data, id));
    }
  }
  const workers = new Registry();
  for (const data of byName.values()) {
    // A registry prints whatever has these fields and `get`; its type only knows prom-client's own classes.
    const printable = { ...data, get: () => Promise.resolve(data) } as unknown as Metric;
    workers.registerMetric(printable);
  }
  return `${await own.metrics()}\n${await workers.metrics()}`;
}

function withWorker(data: MetricData, worker: string): MetricData {
  const values = data.values.map((entry) => ({ ...entry, labels: { ...entry.labels, worker } }));
  return { ...data, values };
}

function add(byName: Map<string, MetricData>, data: MetricData): void {
  const known = byName.get(data.name);
  if (known) known.values.push(...data.values);
  else byName.set(data.name, data);
}
