/**
 * Calls an observer, and ignores what it throws: a failing counter must neither turn a decision into
 * an internal error nor end the process.
 */
export function notify<Arguments extends readonly unknown[]>(
  observe: ((...values: Arguments) => unknown) | undefined,
  ...values: Arguments
): void {
  if (observe === undefined) return
  void contained(async () => await observe(...values))
}

async function contained(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch {
    // The request continues.
  }
}
