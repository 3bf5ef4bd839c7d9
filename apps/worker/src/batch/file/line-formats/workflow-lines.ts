import type { LineFormat } from '@sluice/batches';
import { parseWireBody, type Config } from '@sluice/config';
import { fallback, name, workflowInput } from '@sluice/contracts';
import { runReply, tidyRunBody } from '@sluice/dify';
import { z } from 'zod';

import { completedJob } from './completed-job.ts';

/** Dify's, of any kind of app, with its name: at Dify the key says which it is. */
const workflowBody = z.strictObject({
  app: name,
  ...workflowInput.shape,
  fallback,
  response_mode: z.enum(['blocking', 'streaming']).optional(),
});

/** @see https://docs.dify.ai/api-reference/workflow-execution/execute-workflow */
export function workflowLines({ routes }: Pick<Config, 'routes'>): LineFormat {
  return {
    toRequest(body) {
      const {
        app,
        response_mode: _mode,
        fallback: asked,
        ...input
      } = parseWireBody(tidyRunBody(body), workflowBody);
      const more = asked !== undefined && { fallback: asked };
      return { request: { type: 'workflow', app, input, ...more }, fields: [['input.', '']] };
    },
    toReply(job) {
      const kind = routes.workflow[job.model]?.targets[0].app?.kind ?? 'workflow';
      return runReply(completedJob(job), { kind });
    },
  };
}
