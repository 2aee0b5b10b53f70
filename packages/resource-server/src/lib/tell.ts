/**
 * Calls an observer. One that throws or rejects changes no answer: a counter that fails must
 * neither turn a decision into an internal error nor end the process.
 */
export function tell<Heard extends readonly unknown[]>(
  observe: ((...heard: Heard) => unknown) | undefined,
  ...heard: Heard
): void {
  void contained(async () => await observe?.(...heard))
}

async function contained(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch {
    // What it observes goes on.
  }
}
