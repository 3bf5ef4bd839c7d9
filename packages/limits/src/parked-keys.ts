import { createHash } from 'node:crypto';

import type { Target } from '@sluice/config';
import type { ErrorCode, SluiceError } from '@sluice/contracts';
import { loadScript, type Clock } from '@sluice/runtime';
import type { Redis } from 'ioredis';

const script = loadScript(import.meta.url, 'park-key');

/** What a key is known by where it is not shown: one that goes with another base URL is another one. */
export function keyIdOf({ baseUrl }: Pick<Target['provider'], 'baseUrl'>, apiKey: string): string {
  return digestOf(`${baseUrl} ${apiKey}`);
}

/** Why a key rests and until when. The key itself is not part of it. */
export interface Parking {
  code: ErrorCode;
  /** What the upstream said; never a key. */
  reason: string;
  /** Epoch ms of the worker's clock. */
  sinceMs: number;
  /** Epoch ms of Redis's clock. */
  untilMs: number;
  /** Only for this upstream model; absent: for all. */
  model?: string;
}

/** The key for one call, or why there is none. `apiKey` is undefined for an upstream that wants none. */
export type KeyChoice =
  | { kind: 'key'; apiKey: string | undefined }
  /** One for each key. */
  | { kind: 'parked'; parkings: Parking[] };

/** The part of a target that says whose keys are meant. */
export type KeyOwner = Pick<Target, 'provider' | 'model' | 'apiKeys'>;

/** Whether an upstream's error means that the key is of no use for now. */
export function refusesKey(error: Pick<SluiceError, 'code'>): boolean {
  return error.code === 'upstream_auth' || error.code === 'quota_exceeded';
}

export interface ParkedKeysDeps {
  redis: Redis;
  /** Root of all keys, `sluice` in production. */
  root: string;
  clock: Clock;
}

/** How old a worker's picture of what is parked may be. One HGETALL a second and worker is nothing; one a job is not. */
const freshMs = 1_000;
const parkMs = 600_000;
const parkForModelMs = 60_000;

/**
 * Which API keys all workers leave alone for now because the upstream refused them: for ten minutes after a 401, a 402 or
 * the end of a quota; for one minute and only the model in question after a 403, which mostly speaks of a model. A key
 * that is replaced, or whose provider moves to another base URL, is a new key. Methods throw what ioredis throws.
 *
 * One hash, `<root>:parked-keys`: field `<provider> <digest of key and base URL> <model or nothing>` ->
 * `<untilMs> <json>`. It lives as long as the last parking in it.
 */
export class ParkedKeys {
  readonly #deps: ParkedKeysDeps;
  readonly #key: string;
  #picture = new Map<string, Parking>();
  #readAtMs = -Infinity;
  readonly #turns = new WeakMap<readonly string[], number>();

  constructor(deps: ParkedKeysDeps) {
    this.#deps = deps;
    this.#key = `${deps.root}:parked-keys`;
  }

  /** The next key of the target that is not parked, in turn. What other workers parked counts after at most a second. */
  async choose(target: KeyOwner): Promise<KeyChoice> {
    if (this.#deps.clock.now() - this.#readAtMs >= freshMs) await this.#read();
    return this.#choose(target);
  }

  /** Parks the key that `error` refused. Resolves with what is left, as `choose` does. */
  async park(target: KeyOwner, apiKey: string, error: SluiceError): Promise<KeyChoice> {
    const model = concernsModel(error) ? target.model : undefined;
    const { code, message: reason } = error;
    const sinceMs = this.#deps.clock.now();
    const shown = { code, reason, sinceMs, ...(model !== undefined && { model }) };
    const field = fieldOf(target.provider, apiKey, model);
    const ms = model === undefined ? parkMs : parkForModelMs;
    await script(this.#deps.redis, [this.#key], [field, ms, JSON.stringify(shown)]);
    await this.#read();
    return this.#choose(target);
  }

  /** Reads what is parked now; resolves with what tells it of each key. */
  async look(): Promise<(provider: Target['provider'], apiKey: string) => Parking[]> {
    await this.#read();
    return (provider, apiKey) => this.#entriesOf(provider, apiKey).map(([, parking]) => parking);
  }

  /** Takes a key back into use, for example one that has just been seen to work. */
  async release(provider: Target['provider'], apiKey: string): Promise<void> {
    await this.#read();
    const found = this.#entriesOf(provider, apiKey);
    if (found.length > 0) await this.#deps.redis.hdel(this.#key, ...found.map(([field]) => field));
    this.#readAtMs = -Infinity;
  }

  async #read(): Promise<void> {
    this.#picture = parse(await this.#deps.redis.hgetall(this.#key));
    this.#readAtMs = this.#deps.clock.now();
  }

  #entriesOf(provider: Target['provider'], apiKey: string): [string, Parking][] {
    const prefix = fieldOf(provider, apiKey);
    return [...this.#picture].filter(
      ([field, { untilMs }]) => field.startsWith(prefix) && untilMs > this.#deps.clock.now(),
    );
  }

  #choose(target: KeyOwner): KeyChoice {
    const { apiKeys } = target;
    const parkings = apiKeys.map((apiKey) => this.#parkingOf(target, apiKey));
    if (parkings.length === 0) return { kind: 'key', apiKey: undefined };
    const start = this.#turns.get(apiKeys) ?? 0;
    for (let step = 0; step < apiKeys.length; step += 1) {
      const index = (start + step) % apiKeys.length;
      if (parkings[index]) continue;
      this.#turns.set(apiKeys, index + 1);
      return { kind: 'key', apiKey: apiKeys[index] };
    }
    return { kind: 'parked', parkings: parkings.flatMap((parking) => parking ?? []) };
  }

  #parkingOf({ provider, model }: KeyOwner, apiKey: string): Parking | undefined {
    const fields = [fieldOf(provider, apiKey), fieldOf(provider, apiKey, model)];
    const nowMs = this.#deps.clock.now();
    return fields
      .map((field) => this.#picture.get(field))
      .find((parking) => parking !== undefined && parking.untilMs > nowMs);
  }
}

/** A 403 is about a model or a region as often as about the key, and Gemini counts its quotas by model. */
function concernsModel({ code, upstreamStatus, upstreamCode }: SluiceError): boolean {
  if (code === 'upstream_auth') return upstreamStatus === 403;
  return /^resource_exhausted$/i.test(upstreamCode ?? '');
}

function fieldOf(provider: Target['provider'], apiKey: string, model = ''): string {
  return `${provider.name} ${keyIdOf(provider, apiKey)} ${model}`;
}

const digests = new Map<string, string>();

function digestOf(text: string): string {
  const known = digests.get(text);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  digests.set(text, digest);
  return digest;
}

function parse(entries: Record<string, string>): Map<string, Parking> {
  return new Map(
    Object.entries(entries).map(([field, value]): [string, Parking] => {
      const space = value.indexOf(' ');
      // The shape is the one that `park` writes.
      const shown = JSON.parse(value.slice(space + 1)) as Omit<Parking, 'untilMs'>;
      return [field, { ...shown, untilMs: Number(value.slice(0, space)) }];
    }),
  );
}
