import type { KeyedBook } from '../../batches/batch-book.ts';
import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { readForm } from '../../server/read-form.ts';
import { serve } from '../../server/serve.ts';
import type { World } from '../../world.ts';
import { invalidParameter, openAiError } from '../errors.ts';

/** A stored file. */
export type StoredFile = {
  id: string;
  key: string;
  purpose: string;
  filename: string;
  text: string;
  createdAt: number;
};

/**
 * `POST /files`, `GET /files/:id`, `GET /files/:id/content`.
 * @see https://platform.openai.com/docs/api-reference/files
 */
export function createFilesRoutes(world: World, files: KeyedBook<StoredFile>): Route[] {
  const common = { kind: 'file', paid: false } as const;
  const found = (call: Call, answer: (file: StoredFile) => PreparedCall) => {
    const id = call.params.id ?? '';
    const file = files.find(id, call.key);
    return file
      ? answer(file)
      : { refusal: openAiError(404, { message: `No such File object: ${id}` }) };
  };
  return [
    { ...common, method: 'POST', path: '/files', prepare: (call) => upload(call, world, files) },
    {
      ...common,
      method: 'GET',
      path: '/files/:id',
      prepare: (call) => found(call, (file) => serve(200, describeFile(file))),
    },
    {
      ...common,
      method: 'GET',
      path: '/files/:id/content',
      prepare: (call) => found(call, sendContent),
    },
  ];
}

async function upload(
  call: Call,
  world: World,
  files: KeyedBook<StoredFile>,
): Promise<PreparedCall | Refusal> {
  const form = await readForm(call);
  const [file, purpose] = [form?.get('file'), form?.get('purpose')];
  if (!(file instanceof File))
    return { refusal: invalidParameter("'file' is a required property", 'file') };
  if (purpose !== 'batch') {
    return { refusal: invalidParameter("must be one of ['batch']", 'purpose') };
  }
  const stored = {
    id: `file-${world.clock.uuid().replaceAll('-', '')}`,
    key: call.key,
    purpose,
    filename: file.name,
    text: await file.text(),
    createdAt: Math.floor(call.ledger.entry.atMs / 1000),
  };
  files.add(stored);
  return serve(200, describeFile(stored));
}

function describeFile({ id, purpose, filename, text, createdAt }: StoredFile): object {
  return {
    id,
    object: 'file',
    bytes: Buffer.byteLength(text),
    created_at: createdAt,
    filename,
    purpose,
    status: 'processed',
    expires_at: null,
    status_details: null,
  };
}

function sendContent({ text }: StoredFile): PreparedCall {
  return {
    answer: async (exchange) => {
      const headers = { 'content-type': 'application/octet-stream' };
      await exchange.reply({ status: 200, headers, body: text });
      exchange.settleByEnding();
    },
  };
}
