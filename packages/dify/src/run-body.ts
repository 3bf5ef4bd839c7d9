import { z } from 'zod';

import { dropNulls, isObject, mapList } from '@sluice/config';
import { workflowFile, workflowInput } from '@sluice/contracts';

import { endUser } from './manage-body.ts';

const trace = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/, 'must be 1 to 128 letters, digits, _ or -');
const common = {
  inputs: workflowInput.shape.inputs,
  files: workflowInput.shape.files,
  user: endUser,
  response_mode: z.enum(['blocking', 'streaming']).default('blocking'),
  /** Correlate only; the run is traced by its job's id. */
  trace_id: trace.optional(),
  trace_session_id: z.string().min(1).max(200).optional(),
};

/** Body of Dify's `POST /workflows/run`. */
export const workflowBody = z.strictObject(common);

/** Body of Dify's `POST /chat-messages`. */
export const chatBody = z.strictObject({
  ...common,
  query: z.string().min(1),
  conversation_id: workflowInput.shape.conversation_id,
  auto_generate_name: workflowInput.shape.auto_generate_name,
});

/** Body of Dify's `POST /completion-messages`; by convention the question is `inputs.query`. */
export const completionBody = z.strictObject({ ...common, query: z.string().min(1).optional() });

/** Any of them. */
export type RunBody = z.output<typeof workflowBody> & {
  query?: string | undefined;
  conversation_id?: string | undefined;
  auto_generate_name?: boolean | undefined;
};

/** The body without what clients of Dify send for nothing: null, an empty conversation, the other half of a file. */
export function tidyRunBody(body: unknown): unknown {
  const given = dropNulls(body);
  if (!isObject(given)) return given;
  const { conversation_id: conversation, files, inputs, ...rest } = given;
  return {
    ...rest,
    ...(conversation !== undefined && conversation !== '' && { conversation_id: conversation }),
    ...(files !== undefined && { files: mapList(files, tidyFile) }),
    ...(inputs !== undefined && { inputs: isObject(inputs) ? tidyInputs(inputs) : inputs }),
  };
}

function tidyInputs(inputs: Record<string, unknown>): Record<string, unknown> {
  // No copy that would take `__proto__` for a prototype: the schema refuses it where it stands.
  const entries = Object.entries(inputs).map(([name, value]) => [name, mapFiles(value)] as const);
  return Object.fromEntries(entries);
}

function mapFiles(value: unknown): unknown {
  return Array.isArray(value) ? value.map(tidyFile) : tidyFile(value);
}

/** A file that names its way; other values as they are. */
function tidyFile(value: unknown): unknown {
  if (!isObject(value) || typeof value['transfer_method'] !== 'string') return value;
  const { url, upload_file_id: id, ...rest } = value;
  return {
    ...rest,
    ...(url !== undefined && url !== '' && url !== null && { url }),
    ...(id !== undefined && id !== '' && id !== null && { upload_file_id: id }),
  };
}

/** The ids of uploaded files that a run names, in `files` and in its inputs. */
export function uploadIdsIn({ files = [], inputs }: Pick<RunBody, 'files' | 'inputs'>): string[] {
  return [...files, ...Object.values(inputs).flat()].flatMap((value) => {
    const file = workflowFile.safeParse(value);
    const { data } = file;
    return data?.transfer_method === 'local_file' ? [data.upload_file_id] : [];
  });
}
