import { countTokens, splitText } from '../../text.ts';
import type { Run, RunStatus } from '../runs/run.ts';
import { describeRun } from './describe-run.ts';
import { pauseForInput } from './human-input.ts';
import { describeNodeEnd, describeNodeStart, useTokens } from './node-step.ts';
import type { NodeStep } from './node-step.ts';
import { buildNodes } from './nodes.ts';
import type { WorkflowNode } from './nodes.ts';

/** What differs between a workflow and a chatflow. */
export type WorkflowVoice = {
  /** Text the last model node writes. */
  text: string;
  /** Publishes a piece of that text. */
  say(piece: string, node: WorkflowNode): void;
  /** Publishes what comes between a good end and workflow_finished. */
  conclude(): void;
  /** Publishes what comes after a failure. */
  fail(): void;
};

/** Runs all nodes to the scripted outcome, or until the run is stopped. It never throws. */
export async function executeWorkflow(run: Run, voice: WorkflowVoice): Promise<void> {
  const { dify } = run.behaviour.settings;
  publishStarted(run, 'initial');
  const nodes = buildNodes(dify.nodes);
  const speaker = nodes.findLast(({ type }) => type === 'llm');
  for (const [index, node] of nodes.entries()) {
    if (dify.outcome === 'paused' && node === nodes.at(-1)) await pauseRun(run, node);
    if (run.isStopping) return finish(run, 'stopped', voice);
    const previous = nodes[index - 1]?.id ?? null;
    const step = startStep({ run, node, index, previous });
    const outcome = await (node === speaker ? speak(step, voice) : pass(step));
    if (outcome !== 'succeeded') return finish(run, outcome, voice);
  }
  finish(run, run.exceptions > 0 ? 'partial-succeeded' : 'succeeded', voice);
}

async function pauseRun(run: Run, node: WorkflowNode): Promise<void> {
  await pauseForInput(run, node);
  if (!run.isStopping) publishStarted(run, 'resumption');
}

function startStep(position: Pick<NodeStep, 'run' | 'node' | 'index' | 'previous'>): NodeStep {
  const { run, node } = position;
  const usedBefore = { ...run.usage };
  const step = { ...position, startedAtSeconds: run.elapsedSeconds, usedBefore };
  run.publish('node_started', { data: describeNodeStart(step) });
  run.steps += 1;
  if (node.type === 'llm') useTokens(step, promptTokens(run), 0);
  return step;
}

/** A node that says nothing and always succeeds. */
async function pass(step: NodeStep): Promise<RunStatus> {
  const { run } = step;
  const { settings, draw } = run.behaviour;
  await run.work(draw(settings.dify.nodeDelayMs));
  if (run.isStopping) return 'stopped';
  run.publish('node_finished', { data: describeNodeEnd(step, 'succeeded') });
  return 'succeeded';
}

/** The node that writes the text, and meets the scripted outcome. */
async function speak(step: NodeStep, voice: WorkflowVoice): Promise<RunStatus> {
  const { run } = step;
  const { settings, draw } = run.behaviour;
  const { outcome, error, nodeDelayMs } = settings.dify;
  if (outcome !== 'failed') await write(step, voice);
  await run.work(draw(nodeDelayMs));
  if (run.isStopping || outcome === 'stopped') return 'stopped';
  if (outcome === 'failed') {
    run.error = error;
    run.publish('node_finished', { data: describeNodeEnd(step, 'failed') });
    return 'failed';
  }
  const isException = outcome === 'partial-succeeded';
  if (isException) run.exceptions += 1;
  const status = isException ? 'exception' : 'succeeded';
  run.publish('node_finished', { data: describeNodeEnd(step, status) });
  return 'succeeded';
}

async function write(step: NodeStep, voice: WorkflowVoice): Promise<void> {
  const { run, node } = step;
  const { settings, draw } = run.behaviour;
  let characters = 0;
  for (const piece of splitText(voice.text, settings.chunks)) {
    if (run.isStopping) return;
    characters += piece.length;
    voice.say(piece, node);
    useTokens(step, promptTokens(run), countTokens(characters));
    await run.work(draw(settings.chunkDelayMs));
  }
  run.outputs = { text: voice.text };
}

function finish(run: Run, outcome: RunStatus, voice: WorkflowVoice): void {
  const isGood = outcome === 'succeeded' || outcome === 'partial-succeeded';
  if (outcome === 'stopped') run.error = 'The run was stopped.';
  if (isGood) voice.conclude();
  else run.outputs = null;
  run.end(outcome);
  run.publish('workflow_finished', { data: describeRun(run) });
  if (outcome === 'failed') voice.fail();
}

function publishStarted(run: Run, reason: 'initial' | 'resumption'): void {
  const { app, inputs } = run.request;
  const { created } = run.times;
  const data = { id: run.id, workflow_id: app.workflowId, inputs, created_at: created, reason };
  run.publish('workflow_started', { data });
}

function promptTokens({ request }: Run): number {
  return countTokens(JSON.stringify(request.inputs).length);
}
