import type { Usage } from '../../ledger/ledger-entry.ts';
import { decimal, describeUsage, priceTokens } from '../runs/pricing.ts';
import type { Run } from '../runs/run.ts';
import type { WorkflowNode } from './nodes.ts';

/** One node at work, and what the run had used before it. */
export type NodeStep = {
  run: Run;
  node: WorkflowNode;
  index: number;
  previous: string | null;
  startedAtSeconds: number;
  usedBefore: Usage;
};

/** Data of `node_started`. */
export function describeNodeStart({ run, node, index, previous }: NodeStep): object {
  return {
    id: `${run.id.slice(0, -4)}${String(index).padStart(4, '0')}`,
    node_id: node.id,
    node_type: node.type,
    title: node.title,
    index: index + 1,
    predecessor_node_id: previous,
    inputs: run.request.inputs,
    inputs_truncated: false,
    created_at: run.times.now,
    extras: {},
    iteration_id: null,
    loop_id: null,
  };
}

/** Data of `node_finished`: the only place where a workflow tells its price. */
export function describeNodeEnd(
  step: NodeStep,
  status: 'succeeded' | 'failed' | 'exception',
): object {
  const { run, node } = step;
  const elapsed = run.elapsedSeconds - step.startedAtSeconds;
  return {
    ...describeNodeStart(step),
    process_data: null,
    process_data_truncated: false,
    outputs: run.outputs,
    outputs_truncated: false,
    status,
    error: status === 'succeeded' ? null : run.behaviour.settings.dify.error,
    elapsed_time: elapsed,
    execution_metadata: null,
    finished_at: run.times.now,
    files: [],
    ...(node.type === 'llm' && describeCost(step, elapsed)),
  };
}

/** Sets what this step has used so far. */
export function useTokens({ run, usedBefore }: NodeStep, input: number, output: number): void {
  const used = priceTokens(input, output);
  run.usage.inputTokens = usedBefore.inputTokens + used.inputTokens;
  run.usage.outputTokens = usedBefore.outputTokens + used.outputTokens;
  run.usage.costUsd = usedBefore.costUsd + used.costUsd;
}

function describeCost({ run, usedBefore }: NodeStep, elapsed: number): object {
  const usage = priceTokens(
    run.usage.inputTokens - usedBefore.inputTokens,
    run.usage.outputTokens - usedBefore.outputTokens,
  );
  return {
    outputs: { ...run.outputs, usage: describeUsage(usage, elapsed) },
    execution_metadata: {
      total_tokens: usage.inputTokens + usage.outputTokens,
      total_price: decimal(usage.costUsd),
      currency: 'USD',
    },
  };
}
