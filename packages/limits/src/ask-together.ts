interface Waiting<Call, Answer> {
  call: Call;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export interface AskTogetherOptions<Call, Answer> {
  /** Calls in one question at most. */
  most: number;
  /** Only calls of one kind go together. */
  kindOf(call: Call): string;
  /** Answers all of them, in their order. */
  ask(calls: readonly Call[]): Promise<readonly Answer[]>;
}

/**
 * Asks for calls of one kind together: those of one turn of the event loop, and those that come while a question of their
 * kind is on its way, which is one at a time. First come, first asked. A question that fails fails for all that were in it.
 */
export function askTogether<Call, Answer>(
  options: AskTogetherOptions<Call, Answer>,
): (call: Call) => Promise<Answer> {
  /** Of each kind with a question on its way, or about to be: who waits for the next one. */
  const lines = new Map<string, Waiting<Call, Answer>[]>();
  return (call) =>
    new Promise<Answer>((resolve, reject) => {
      const kind = options.kindOf(call);
      const line = lines.get(kind) ?? [];
      line.push({ call, resolve, reject });
      if (lines.has(kind)) return;
      lines.set(kind, line);
      // After all that this turn makes ready. `askAll` never rejects.
      const onEmpty = () => lines.delete(kind);
      process.nextTick(() => void askAll(line, onEmpty, options));
    });
}

/** `onEmpty` is called in the moment in which nobody waits any more: who comes later must not join a line that is over. */

async function askAll<Call, Answer>(
  line: Waiting<Call, Answer>[],
  onEmpty: () => void,
  { most, ask }: AskTogetherOptions<Call, Answer>,
): Promise<void> {
  while (line.length > 0) {
    const asked = line.splice(0, most);
    try {
      // One question after the other is what lets the next calls come together.
      // oxlint-disable-next-line no-await-in-loop
      hand(asked, await ask(asked.map(({ call }) => call)));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
  onEmpty();
}

function hand<Answer>(
  asked: readonly Waiting<unknown, Answer>[],
  answers: readonly Answer[],
): void {
  asked.forEach(({ resolve, reject }, i) => {
    const answer = answers[i];
    if (answer === undefined) reject(new Error('a question has fewer answers than calls'));
    else resolve(answer);
  });
}
