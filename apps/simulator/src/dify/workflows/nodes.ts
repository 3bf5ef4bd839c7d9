/** One step of a simulated workflow. */
export type WorkflowNode = { id: string; type: 'start' | 'llm' | 'end'; title: string };

/** A workflow of so many nodes: start, language model nodes, end; as few as one model node. */
export function buildNodes(count: number): WorkflowNode[] {
  const nodes: WorkflowNode[] = [];
  if (count >= 2) nodes.push({ id: 'start', type: 'start', title: 'Start' });
  const models = count - (count >= 3 ? 2 : count - 1);
  for (let number = 1; number <= models; number += 1) {
    const suffix = models === 1 ? '' : `_${number}`;
    nodes.push({ id: `llm${suffix}`, type: 'llm', title: `LLM${suffix.replace('_', ' ')}` });
  }
  if (count >= 3) nodes.push({ id: 'end', type: 'end', title: 'End' });
  return nodes;
}
