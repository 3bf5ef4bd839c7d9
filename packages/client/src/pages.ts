import { readJson, type ClientRequest, type Send } from './send-request.ts';

/** One page of a list of the API. */
interface Page<Item> {
  data: Item[];
  has_more: boolean;
  /** What `after` of the next page is; lists in OpenAI's form have `last_id` in its place. */
  next_cursor?: string | null;
  last_id?: string | null;
}

/** Every item of a list, page after page. */
export async function* readPages<Item>(
  send: Send,
  path: string,
  query: NonNullable<ClientRequest['query']> = {},
): AsyncGenerator<Item, void> {
  let after: string | undefined;
  for (;;) {
    // Only a page tells where the next one begins.
    // oxlint-disable-next-line no-await-in-loop
    const page = await readJson<Page<Item>>(
      send({ method: 'GET', path, query: { ...query, after } }),
    );
    yield* page.data;
    after = page.next_cursor ?? page.last_id ?? undefined;
    if (!page.has_more || after === undefined) return;
  }
}
