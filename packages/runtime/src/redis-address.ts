/** One process: its host name or IP address, and its port. */
export interface RedisNode {
  host: string;
  port: number;
}

/** Where Redis is, and how to enter. */
export type RedisAddress = {
  isTls: boolean;
  username: string | undefined;
  password: string | undefined;
} & (
  | { kind: 'server'; node: RedisNode; db: number }
  /** Any of its nodes: they tell of the others. */
  | { kind: 'cluster'; nodes: RedisNode[] }
  /** Who knows which server is the master of that name now. */
  | { kind: 'sentinel'; sentinels: RedisNode[]; name: string; db: number; sentinelAuth: Entry }
);

interface Entry {
  username: string | undefined;
  password: string | undefined;
}

const ports = { server: 6379, cluster: 6379, sentinel: 26_379 };

const form =
  /^redis(?<tls>s?)(?:\+(?<kind>cluster|sentinel))?:\/\/(?:(?<entry>[^@/?#]*)@)?(?<nodes>[^@/?#]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/i;

/**
 * What a `REDIS_URL` says; `rediss` in place of `redis` is with TLS:
 *
 * | URL                                                        | Redis                                                     |
 * |------------------------------------------------------------|-----------------------------------------------------------|
 * | `redis://user:password@host:6379/db`                       | one server                                                |
 * | `redis+sentinel://user:password@host:26379,host/name/db`   | the master of that name, of which those Sentinels know    |
 * | `redis+cluster://user:password@host:6379,host`             | a Redis Cluster, of which those are some nodes            |
 *
 * All but host and name may be left out; `?family=` is taken and not needed, any family of IP will do. Sentinels that have a password of their own get it as `?sentinel_password=` (and
 * `sentinel_username=`). `undefined` for any other text.
 */
export function parseRedisUrl(text: string): RedisAddress | undefined {
  const parts = form.exec(text)?.groups;
  if (!parts) return undefined;
  const kind = (parts['kind']?.toLowerCase() ?? 'server') as RedisAddress['kind'];
  const nodes = parts['nodes']?.split(',').map((node) => parseNode(node, ports[kind])) ?? [];
  const path = (parts['path'] ?? '').split('/').map(decode);
  const query = new URLSearchParams(parts['query'] ?? '');
  const entry = parseEntry(parts['entry']);
  const [node] = nodes;
  if (!entry || !node || !nodes.every((each) => each !== undefined)) return undefined;
  const common = { isTls: parts['tls'] !== '', ...entry };
  if (kind === 'sentinel') return withSentinels(path, query, { ...common, sentinels: nodes });
  query.delete('family');
  if (query.size > 0 || path.length > 1) return undefined;
  const [db = ''] = path;
  if (kind === 'cluster') return db === '' ? { ...common, kind, nodes } : undefined;
  if (nodes.length > 1 || !/^\d*$/.test(db)) return undefined;
  return { ...common, kind, node, db: Number(db) };
}

/** The nodes that a URL names, without passwords: for messages. */
export function describeRedisUrl(text: string): string {
  return form.exec(text)?.groups?.['nodes'] ?? 'REDIS_URL';
}

function withSentinels(
  [name = '', db = '', ...rest]: readonly (string | undefined)[],
  query: URLSearchParams,
  common: Entry & { isTls: boolean; sentinels: RedisNode[] },
): RedisAddress | undefined {
  const known = ['sentinel_username', 'sentinel_password'];
  const isKnown = [...query.keys()].every((key) => known.includes(key));
  if (name === '' || !/^\d*$/.test(db) || rest.length > 0 || !isKnown) return undefined;
  const [username, password] = known.map((key) => query.get(key) ?? undefined);
  return {
    ...common,
    kind: 'sentinel',
    name,
    db: Number(db),
    sentinelAuth: { username, password },
  };
}

function parseNode(text: string, port: number): RedisNode | undefined {
  const parts = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<name>[^:[\]\s]+))(?::(?<port>\d{1,5}))?$/i.exec(text);
  const host = parts?.groups?.['v6'] ?? parts?.groups?.['name'];
  const given = Number(parts?.groups?.['port'] ?? port);
  return host === undefined || given > 65_535 ? undefined : { host, port: given };
}

/** `user:password`, `:password`, `user` or nothing. */
function parseEntry(text: string | undefined): Entry | undefined {
  if (text === undefined) return { username: undefined, password: undefined };
  const colon = text.indexOf(':');
  const username = decode(colon === -1 ? text : text.slice(0, colon));
  const password = colon === -1 ? '' : decode(text.slice(colon + 1));
  if (username === undefined || password === undefined) return undefined;
  return { username: username || undefined, password: password || undefined };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
