import { z } from 'zod';

import type { Usage } from './usage.ts';

/** What a Dify app is: it decides which routes of Dify run it and which fields of the input it takes. */
export const appKinds = ['workflow', 'chat', 'chatflow', 'agent', 'completion'] as const;
export type AppKind = (typeof appKinds)[number];

const fileType = z.enum(['image', 'document', 'audio', 'video', 'custom']);

/**
 * A file for an app: at a URL that Dify fetches, one that was uploaded to Dify or to Sluice before (`file-…`), or its bytes. What
 * Dify does not have is uploaded to it by the worker.
 */
export const workflowFile = z.discriminatedUnion('transfer_method', [
  z.strictObject({
    type: fileType,
    transfer_method: z.literal('remote_url'),
    url: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }),
  }),
  z.strictObject({
    type: fileType,
    transfer_method: z.literal('local_file'),
    upload_file_id: z.string().min(1).max(255),
  }),
  z.strictObject({
    type: fileType,
    transfer_method: z.literal('base64'),
    data: z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/, 'must be base64'),
    filename: z.string().min(1).max(255),
    mime_type: z
      .string()
      .regex(/^[\w.+-]+\/[\w.+-]+$/, 'must be a media type such as image/png')
      .optional(),
  }),
]);
export type WorkflowFile = z.infer<typeof workflowFile>;

/**
 * The `input` of a workflow job, which is one run of a Dify app. `inputs` are the app's variables. Which kind of app takes
 * `query` and `conversation_id` is checked where the app is known.
 * @see https://docs.dify.ai/api-reference/workflow-execution/execute-workflow
 */
export const workflowInput = z.strictObject({
  inputs: z.record(z.string(), z.unknown()).default({}),
  query: z.string().min(1).optional(),
  conversation_id: z.string().min(1).max(64).optional(),
  files: z.array(workflowFile).max(50).optional(),
  /** Whether Dify names a new conversation, by a call of a model; apps that hold conversations only, and theirs is yes. */
  auto_generate_name: z.boolean().optional(),
  /** The end user; wins over the job's `user`. */
  user: z.string().min(1).max(255).optional(),
});
export type WorkflowInput = z.infer<typeof workflowInput>;

/** The result of a workflow job; its fields are named as Dify names them. */
export interface WorkflowResult {
  type: 'workflow';
  status: 'succeeded' | 'partial-succeeded' | 'failed' | 'stopped';
  /** The text of the answer; only apps that are no workflow have one. */
  answer?: string;
  /** Of a workflow or chatflow; of any other app `{answer}`. */
  outputs: Record<string, unknown>;
  error: string | null;
  task_id?: string;
  workflow_run_id?: string;
  /** The version of the app that ran. */
  workflow_id?: string;
  conversation_id?: string;
  message_id?: string;
  /** Seconds. */
  elapsed_time?: number;
  total_tokens?: number;
  total_steps?: number;
  /** What an agent thought and which tools it called, in order. */
  thoughts?: AgentThought[];
  /** Files that the run made, as Dify describes them. */
  files?: unknown[];
  /** Dify's own words at the end of an answer: `usage`, `retriever_resources`, `annotation_reply`. */
  metadata?: Record<string, unknown>;
}

export interface AgentThought {
  position: number;
  thought: string;
  /** Names with `;` between them; empty for none. */
  tool: string;
  tool_input: string;
  observation: string;
}

/**
 * What the record keeps of an upstream call, so that it is found again after a crash.
 *
 * | state     | written                                  | says                                                   |
 * |-----------|------------------------------------------|--------------------------------------------------------|
 * | `sent`    | before the request leaves                | it may have been taken; nobody has heard of it          |
 * | `started` | with the first event, before any other   | the upstream runs it; with a `run_id` it can be found   |
 *
 * It goes away when it is certain that nothing was started.
 */
export interface UpstreamHandle {
  provider: string;
  state: 'sent' | 'started';
  /** As whom the upstream was asked. */
  user: string;
  sent_at_ms: number;
  /** Stops the call. */
  task_id?: string;
  /** Finds the run again. */
  run_id?: string;
  conversation_id?: string;
  message_id?: string;
  /** Forms that the run waits for and nobody has answered. */
  forms?: HumanInputForm[];
  /** What the run had taken when it last began to wait for a person, as far as the upstream had told. */
  spent?: { usage?: Usage; cost_usd?: string };
}

/**
 * A form in which a run asks a person, in Dify's words.
 * @see https://docs.dify.ai/api-reference/human-input/get-human-input-form
 */
export interface HumanInputForm {
  form_token: string;
  form_id?: string;
  node_id?: string;
  node_title?: string;
  /** Markdown, with the variables filled in. */
  form_content?: string;
  inputs: unknown[];
  actions: { id: string; title?: string; button_style?: string }[];
  resolved_default_values?: Record<string, unknown>;
  /** Unix seconds. */
  expiration_time?: number;
  /** When the form arrived, epoch milliseconds. */
  asked_at_ms: number;
  /** Why Dify did not take the last answer. */
  rejected?: string;
}

/** Body of `POST /v1/jobs/:id/resume`: a person's answer. `form_token` may be absent where there is one form. */
export const resumeJob = z.strictObject({
  form_token: z.string().min(1).optional(),
  action: z.string().min(1).max(255),
  inputs: z.record(z.string(), z.unknown()).default({}),
});
export type ResumeJob = z.infer<typeof resumeJob>;

/** An answer on its way to the upstream. */
export interface FormAnswer {
  form_token: string;
  action: string;
  inputs: Record<string, unknown>;
}
