import { createBatch, filePurposes, type BatchView, type FileView } from '@sluice/contracts';

import type { RouteDescription } from './route-description.ts';

const file: FileView = {
  id: 'file-01kbg3v0x2q7h5m9n4p6r8t0w200',
  object: 'file',
  bytes: 120_000,
  created_at: 1_795_773_600,
  expires_at: 1_798_365_600,
  filename: 'requests.jsonl',
  purpose: 'batch',
  status: 'processed',
};

const line =
  '{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"sim-chat","messages":[{"role":"user","content":"Hello"}]}}';

const batch: BatchView = {
  id: 'batch_01kbg3v0x2q7h5m9n4p6r8t0w200',
  object: 'batch',
  endpoint: '/v1/chat/completions',
  errors: null,
  input_file_id: file.id,
  completion_window: '24h',
  status: 'in_progress',
  output_file_id: 'file-01kbg3v1x2q7h5m9n4p6r8t0w200',
  error_file_id: null,
  created_at: 1_795_773_610,
  in_progress_at: 1_795_773_611,
  expires_at: 1_795_860_010,
  finalizing_at: null,
  completed_at: null,
  failed_at: null,
  expired_at: null,
  cancelling_at: null,
  cancelled_at: null,
  request_counts: { total: 1_000, completed: 410, failed: 0 },
  metadata: { night: '2026-11-27' },
  cost_usd: '0.016400',
};

export const fileRoutes: Readonly<Record<string, RouteDescription>> = {
  'post /v1/batches': {
    summary: 'Run the requests of a file, over any models and apps.',
    status: 200,
    answer: { ...batch, status: 'validating', output_file_id: null, in_progress_at: null },
    errors: ['budget_exceeded', 'queue_full', 'overloaded'],
    body: {
      schema: createBatch,
      example: {
        input_file_id: file.id,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
        metadata: { night: '2026-11-27' },
      },
    },
  },
  'get /v1/batches': {
    summary: 'The tenant’s batches of files, the newest first.',
    status: 200,
    answer: {
      object: 'list',
      data: [batch],
      first_id: batch.id,
      last_id: batch.id,
      has_more: false,
    },
    query: { limit: 'entries in the page', after: 'id of the last batch of the page before' },
  },
  'get /v1/batches/:id': { summary: 'One batch as it is now.', status: 200, answer: batch },
  'post /v1/batches/:id/cancel': {
    summary: 'Cancel a batch. What has a result keeps it.',
    status: 200,
    answer: { ...batch, status: 'cancelling', cancelling_at: 1_795_773_700 },
    errors: ['job_not_cancellable'],
  },
  'post /v1/files': {
    summary: 'Upload a file. It is stored while it comes in.',
    status: 200,
    answer: file,
    errors: ['queue_full', 'overloaded'],
    form: {
      required: ['file', 'purpose'],
      properties: {
        file: { type: 'string', format: 'binary' },
        purpose: { enum: filePurposes },
        'expires_after[anchor]': { const: 'created_at' },
        'expires_after[seconds]': { type: 'integer', minimum: 3_600, maximum: 2_592_000 },
      },
      example: { file: line, purpose: 'batch' },
    },
  },
  'get /v1/files': {
    summary: 'The tenant’s files, the newest first.',
    status: 200,
    answer: { object: 'list', data: [file], first_id: file.id, last_id: file.id, has_more: false },
    query: {
      purpose: 'only these; of what batches wrote it is `batch_output`',
      order: '`desc` or `asc`',
      limit: 'entries in the page',
      after: 'id of the last file of the page before',
    },
  },
  'get /v1/files/:id': { summary: 'What is known of a file.', status: 200, answer: file },
  'get /v1/files/:id/content': {
    summary: 'The bytes of a file; `Range: bytes=N-` goes on where a download broke off.',
    status: 200,
    answer: `${line}\n`,
    errors: ['invalid_request'],
    answers: 'application/octet-stream',
  },
  'delete /v1/files/:id': {
    summary: 'Remove a file.',
    status: 200,
    answer: { id: file.id, object: 'file', deleted: true },
  },
};
