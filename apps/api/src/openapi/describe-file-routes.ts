import { filePurposes, type FileView } from '@sluice/contracts';

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

export const fileRoutes: Readonly<Record<string, RouteDescription>> = {
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
