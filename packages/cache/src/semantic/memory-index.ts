import { keysOfScope, sharedScope } from '../keys.ts';
import { similarityOf } from './embed-locally.ts';
import { isSameQuestion } from './is-same-question.ts';
import {
  maxCandidates,
  type Embedded,
  type NearGroup,
  type NearIndex,
  type NearIndexDeps,
} from './near-index.ts';

/** Groups that this process keeps in memory: with vectors of 256 numbers at most 100 MB. */
const maxGroups = 100;

interface Known {
  lastId: string;
  questions: Map<string, Embedded>;
}

/**
 * Compares questions in this process: the vectors of a group are read from a stream in Redis, by each process only what it has
 * not read yet. Of a group `maxQuestions` are remembered; the oldest go first.
 */
export function createMemoryIndex(deps: NearIndexDeps, maxQuestions = 1_000): NearIndex {
  const groups = new Map<string, Known>();
  return {
    async find(group, asked, threshold) {
      const { questions } = await catchUp(groups, group, deps);
      forgetOldest(questions, maxQuestions);
      return [...questions]
        .map(([digest, each]) => ({
          digest,
          each,
          similarity: similarityOf(asked.vector, each.vector),
        }))
        .filter(({ similarity }) => similarity >= threshold)
        .toSorted((one, other) => other.similarity - one.similarity)
        .slice(0, maxCandidates)
        .filter(({ each }) => isSameQuestion(asked.text, each.text))
        .map(({ digest, similarity }) => ({ digest, similarity }));
    },
    async add(group, { digest, text, vector }, ttlMs) {
      const key = keysOfScope(deps.root, group.scope).near(group.frame);
      const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
      const plain = JSON.stringify({ digest, text, vector: bytes.toString('base64') });
      const seal = deps.seals && (await deps.seals.of(ownerOf(group)));
      if (deps.seals && !seal) return;
      const value = seal ? seal.seal(plain, aboutOf(group)) : plain;
      // A stream that ends early only forgets: what it points at is found by no other way then.
      await deps.redis
        .multi()
        .xadd(key, 'MAXLEN', '~', maxQuestions, '*', 'question', value)
        .pexpire(key, Math.ceil(ttlMs))
        .exec();
    },
  };
}

async function catchUp(
  groups: Map<string, Known>,
  group: NearGroup,
  { redis, root, seals }: NearIndexDeps,
): Promise<Known> {
  const key = keysOfScope(root, group.scope).near(group.frame);
  const known = groups.get(key) ?? { lastId: '-', questions: new Map<string, Embedded>() };
  // The group that was asked last is the last to be forgotten.
  groups.delete(key);
  groups.set(key, known);
  if (groups.size > maxGroups) groups.delete(groups.keys().next().value ?? '');
  const start = known.lastId === '-' ? '-' : `(${known.lastId}`;
  for (const [id, [, value = '']] of await redis.xrange(key, start, '+')) {
    known.lastId = id;
    // One stream is one group's, and one tenant's: its seal is read once and then known.
    // oxlint-disable-next-line no-await-in-loop
    const seal = seals && (await seals.of(ownerOf(group), value));
    if (seals && !seal) continue;
    remember(known.questions, seal ? seal.open(value, aboutOf(group)) : value);
  }
  return known;
}

function remember(questions: Known['questions'], plain: string): void {
  // Written by `add`.
  const { digest, text, vector } = JSON.parse(plain) as Record<
    'digest' | 'text' | 'vector',
    string
  >;
  const bytes = Buffer.from(vector, 'base64');
  questions.delete(digest);
  questions.set(digest, { text, vector: new Float32Array(new Uint8Array(bytes).buffer) });
}

function forgetOldest(questions: Known['questions'], maxQuestions: number): void {
  for (const digest of questions.keys()) {
    if (questions.size <= maxQuestions) return;
    questions.delete(digest);
  }
}

function ownerOf({ scope }: NearGroup): string {
  return scope === sharedScope ? 'default' : scope;
}

function aboutOf({ scope, frame }: NearGroup): string {
  return `near/${scope}/${frame}`;
}
