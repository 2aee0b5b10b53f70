import { abortable } from '../lib/abortable.ts'
import type { SignInOptions, SignInResult } from './sign-in-api.ts'
import { servesChallenge } from './sign-in-coverage.ts'

/** A sign-in that several callers of this process wait for. */
interface SharedSignIn {
  readonly result: Promise<SignInResult>
  /** Aborted when the last caller stops waiting. */
  readonly abandoned: AbortController
  waiting: number
}

/**
 * Lets concurrent callers share one sign-in. The sign-in goes on while at least one caller waits,
 * even if the caller that started it stops waiting.
 *
 * @param start - Starts a sign-in. The signal of its options aborts when no caller is waiting.
 */
export function sharedSignIn(
  start: (options: SignInOptions) => Promise<SignInResult>,
): (options?: SignInOptions) => Promise<SignInResult> {
  let current: SharedSignIn | undefined

  function share(options: SignInOptions): SharedSignIn {
    const abandoned = new AbortController()
    const result = start({ ...options, signal: abandoned.signal }).finally(() => {
      if (current === shared) current = undefined
    })
    const shared: SharedSignIn = { result, abandoned, waiting: 0 }
    return shared
  }

  async function wait(
    shared: SharedSignIn,
    signal: AbortSignal | undefined,
  ): Promise<SignInResult> {
    shared.waiting += 1
    try {
      return await abortable(shared.result, signal)
    } finally {
      shared.waiting -= 1
      // A finished sign-in is no longer current, so it is not aborted.
      if (shared.waiting === 0 && current === shared) {
        // The next caller starts a new sign-in instead of joining the aborted one.
        current = undefined
        shared.abandoned.abort(signal?.reason)
      }
    }
  }

  return async (options = {}) => {
    options.signal?.throwIfAborted()
    while (current !== undefined) {
      const result = await wait(current, options.signal)
      // The shared sign-in may not have requested the scope that this caller requires.
      if (servesChallenge(result, options.challenge)) return { ...result, outcome: 'adopted' }
    }
    current = share(options)
    return await wait(current, options.signal)
  }
}
