/** One thing that the doctor has looked at. */
export interface Finding {
  area: 'configuration' | 'redis' | 'provider' | 'model';
  /** What it is: a file, an address, a provider's name and key, a model's name. */
  subject: string;
  /** `warn`: Sluice runs, but not as one would want; `fail`: something will not work. */
  state: 'ok' | 'warn' | 'fail';
  /** What was found and, unless it is well, what to do. Never a secret. */
  message: string;
}

/** Findings of one subject, by their state. */
export function findingsOf(area: Finding['area'], subject: string) {
  const finding = (state: Finding['state']) => {
    return (message: string): Finding => ({ area, subject, state, message });
  };
  return { ok: finding('ok'), warn: finding('warn'), fail: finding('fail') };
}
