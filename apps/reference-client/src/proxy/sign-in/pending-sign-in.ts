import type { SignInOptions, SignInResult } from '@evergrant/client'
import { pause } from '../remote/waiting.ts'
import type { SignInInstruction } from './proxy-sign-in.ts'

/** The user must sign in, and has not done so yet. */
export class SignInPendingError extends Error {
  override readonly name = 'SignInPendingError'
  /** How the user signs in; `undefined` if another process has not said so yet. */
  readonly instruction: SignInInstruction | undefined

  constructor(instruction: SignInInstruction | undefined) {
    super('The user has not signed in yet')
    this.instruction = instruction
  }
}

/** Options of {@link pendingSignIn}. */
export interface PendingSignInOptions {
  /** How long a request waits for the user before it fails. The sign-in goes on. */
  readonly waitMilliseconds: number
  /** How long a request fails with the result of a failed sign-in before it starts another one. */
  readonly pauseMilliseconds: number
  /** Ends every sign-in. */
  readonly signal: AbortSignal
  /** Where the user signs in, in this process or another one. */
  readonly findPage: () => Promise<SignInInstruction | undefined>
  /** Called when a sign-in has succeeded, also one of another process. */
  readonly onSignedIn: () => void
  /** Called when a sign-in has failed. */
  readonly onFailed: (error: unknown) => void
}

/** How long a request waits for the URL of the page, in addition. */
const maximumLooks = 30
const lookMilliseconds = 100

type SignIn = (options: SignInOptions) => Promise<SignInResult>

interface Failure {
  readonly error: unknown
  readonly untilMilliseconds: number
}

/**
 * Limits how long a request waits for a sign-in, while the sign-in goes on. A host gives up on a
 * server that does not answer, and starting again would open another page.
 *
 * @param signIn - Signs in; concurrent calls must share one page.
 * @throws SignInPendingError from the returned function, and the errors of the sign-in
 */
export function pendingSignIn(signIn: SignIn, options: PendingSignInOptions): SignIn {
  const { waitMilliseconds, pauseMilliseconds, onSignedIn, onFailed } = options
  /** By purpose, so that requests that fail do not start a second sign-in for the same scope. */
  const running = new Map<string, Promise<SignInResult>>()
  const failures = new Map<string, Failure>()

  async function run(purpose: string, request: SignInOptions): Promise<SignInResult> {
    try {
      const result = await signIn({ ...request, signal: options.signal })
      failures.delete(purpose)
      onSignedIn()
      return result
    } catch (error) {
      if (!options.signal.aborted) {
        failures.set(purpose, { error, untilMilliseconds: Date.now() + pauseMilliseconds })
        onFailed(error)
      }
      throw error
    } finally {
      running.delete(purpose)
    }
  }

  return async (request) => {
    const purpose = request.challenge?.scope?.join(' ') ?? ''
    const failure = failures.get(purpose)
    if (failure !== undefined && failure.untilMilliseconds > Date.now()) throw failure.error
    let result = running.get(purpose)
    if (result === undefined) {
      result = run(purpose, request)
      result.catch(() => undefined)
      running.set(purpose, result)
    }
    const waiting = new AbortController()
    const signal = AbortSignal.any([waiting.signal, ...(request.signal ? [request.signal] : [])])
    try {
      const first = await Promise.race([
        result,
        pause(waitMilliseconds, signal).then(() => undefined),
      ])
      request.signal?.throwIfAborted()
      if (first !== undefined) return first
      // The URL follows from documents of the servers, which take a moment.
      for (let look = 0; look < maximumLooks && running.get(purpose) === result; look += 1) {
        const instruction = await options.findPage()
        if (instruction !== undefined) throw new SignInPendingError(instruction)
        await pause(lookMilliseconds, signal)
        request.signal?.throwIfAborted()
      }
      if (running.get(purpose) !== result) return await result
      throw new SignInPendingError(undefined)
    } finally {
      waiting.abort()
    }
  }
}
