/**
 * Keys of the cache. Replies that the same jobs may find are a scope: a tenant's, or those that all tenants share. All keys
 * of a scope are in one hash slot, so that one script sees a reply and what has invalidated it.
 *
 * | key, behind `{<root>:cache:<scope>}` | type | what                                                   | goes away              |
 * |--------------------------------------|------|--------------------------------------------------------|------------------------|
 * | /reply:<digest>                      | text | times, names and value (JSON, or sealed): see put-reply.lua | TTL                    |
 * | /used:<group>                        | zset | digest of a reply -> when it was last used (ms)        | TTL; put-reply trims   |
 * | /invalid                             | zset | name -> since when replies with it are invalid (ms)    | TTL; invalidate trims  |
 * | /leader:<digest>                     | text | job id of who leads a flight                           | TTL: its lease         |
 * | /waiting:<digest>                    | hash | job id -> whom it waits for, JSON of where its ticket is | TTL                    |
 * | /refresh:<digest>                    | text | somebody fetches another reply                         | TTL                    |
 * | /near:<frame>                        | stream | a question, its vector and the digest of its reply; see memory-index.ts | TTL; XADD trims |
 * | /vectors:<frame>/<numbers>           | vector set | digest of a reply -> the vector of its question, of so many numbers, and {text}; see vector-index.ts | TTL; add-near trims |
 * | /vectors:<frame>/<numbers>/asked     | zset | digest of a reply -> when its question was added (ms)  | TTL; add-near trims    |
 */
export interface ScopeKeys {
  reply(digest: string): string;
  used(group: string): string;
  invalid: string;
  leader(digest: string): string;
  waiting(digest: string): string;
  refresh(digest: string): string;
  near(frame: string): string;
  vectors(frame: string, numbers: number): { vectors: string; asked: string };
}

/** The scope that all tenants share; no tenant can have this name. */
export const sharedScope = '*';

export function keysOfScope(root: string, scope: string): ScopeKeys {
  const tag = `{${root}:cache:${scope}}`;
  return {
    reply: (digest) => `${tag}/reply:${digest}`,
    used: (group) => `${tag}/used:${group}`,
    invalid: `${tag}/invalid`,
    leader: (digest) => `${tag}/leader:${digest}`,
    waiting: (digest) => `${tag}/waiting:${digest}`,
    refresh: (digest) => `${tag}/refresh:${digest}`,
    near: (frame) => `${tag}/near:${frame}`,
    vectors: (frame, numbers) => {
      const vectors = `${tag}/vectors:${frame}/${numbers}`;
      return { vectors, asked: `${vectors}/asked` };
    },
  };
}
