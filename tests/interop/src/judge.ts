/** Collects what is not as expected, so that one run shows everything to fix. */
export interface Judge {
  /** What is not as expected, one line each. */
  readonly failures: readonly string[]
  readonly fail: (line: string) => void
  /** Returns the result of `work`. A rejection is a failure, and the result is `undefined`. */
  readonly attempt: <Result>(
    name: string,
    work: () => Promise<Result>,
  ) => Promise<Result | undefined>
  /** Compares some fields of a result. */
  readonly expectFields: <Result extends object>(
    name: string,
    result: Result,
    expected: Partial<Result>,
  ) => void
}

export function createJudge(): Judge {
  const failures: string[] = []
  const fail = (line: string): void => {
    failures.push(line)
  }
  return {
    failures,
    fail,
    async attempt(name, work) {
      try {
        return await work()
      } catch (error) {
        fail(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : 'failed'}`)
        return undefined
      }
    },
    expectFields(name, result, expected) {
      for (const [field, value] of Object.entries(expected)) {
        const got: unknown = Reflect.get(result, field)
        if (got !== value) fail(`${name}: ${field} is ${String(got)} (expected ${String(value)})`)
      }
    },
  }
}
