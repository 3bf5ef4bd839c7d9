import { cleanApiKey, type Target } from '@sluice/config';

/** Takes what must not be seen out of a text that an upstream wrote. */
export type Redact = (text: string) => string;

/** What vendors' keys look like. A dash and a digit or a great length set them apart from codes such as `app_unavailable`. */
const keyLike =
  /\bBearer\s+\S+|\b(?:sk|pk|rk|app|dataset|xai|key|api)-(?=[\w*.-]*[\d*]|[\w.-]{16})[\w*.-]{6,}|\bgsk_\w{6,}/gi;
const shortestSecret = 6;

/** Redacts the target's keys, the values of its headers and whatever looks like a key. */
export function redactorOf(target: Target): Redact {
  const redactSecrets = secretRedactorOf(target);
  return (text) => redactSecrets(text).replace(keyLike, '[redacted]');
}

/** Redacts the target's keys and the values of its headers, and leaves everything else as it is. */
export function secretRedactorOf({ apiKey, apiKeys, provider }: Target): Redact {
  const secrets = [
    apiKey,
    cleanApiKey(apiKey),
    ...apiKeys,
    ...Object.values(provider.headers),
  ].filter((secret) => secret !== undefined && secret.length >= shortestSecret);
  return (text) => {
    let clean = text;
    for (const secret of secrets) clean = clean.replaceAll(secret ?? '', '[redacted]');
    return clean;
  };
}

/** The beginning of a text on one line, redacted, at most `length` characters. */
export function excerptOf(text: string, redact: Redact, length = 200): string {
  // Redacted before it is cut: half a key is still a key. Cut twice: only the beginning is worth the work.
  const line = redact(text.slice(0, length * 8).replace(/[\s\p{Cc}]+/gu, ' ')).trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
