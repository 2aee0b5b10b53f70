import type { Life } from './machine.ts'
import type { World } from './world.ts'
import { timing } from './world.ts'

/** A page that a client opened. */
interface Page {
  readonly life: Life
  readonly authorizationUrl: string
  readonly done: (redirect: URL) => void
}

/** The user of the machine. */
export interface User {
  /**
   * Opens the authorization page.
   *
   * @param done - The server redirected back to the client.
   */
  open(life: Life, authorizationUrl: string, done: (redirect: URL) => void): void
  /** The error of the server, as long as it has refused every sign-in. */
  refusedWith(): string | undefined
}

/** How long after an outage the user tries again. */
const retrySeconds = 5

/**
 * Signs in a minute after a page opens. Pages that are open at the same time are one sign-in: the user
 * finishes all of them.
 */
export function createUser(world: World): User {
  const { machine, timeline, counts } = world
  let pages: Page[] = []
  let refusal: string | undefined

  function finish(): void {
    const outage = world.outage()
    if (outage !== undefined) {
      machine.at(outage.to + retrySeconds, finish)
      return
    }
    const open = pages.filter(({ life }) => life.isAlive())
    pages = []
    // The process that waits for the redirect has ended, so the user has nothing to finish.
    if (open.length === 0) return
    const redirects = open.map(
      ({ authorizationUrl }) => new URL(world.as.authorize(authorizationUrl)),
    )
    // A server that refuses a request redirects at once, without the user.
    const isApproved = redirects.some((redirect) => redirect.searchParams.has('code'))
    if (isApproved) counts.signIns += 1
    for (const [index, redirect] of redirects.entries()) {
      refusal = redirect.searchParams.get('error') ?? undefined
      open[index]?.done(redirect)
    }
  }

  return {
    refusedWith: () => (counts.signIns === 0 ? refusal : undefined),
    open(life, authorizationUrl, done) {
      counts.pages += 1
      pages.push({ life, authorizationUrl, done })
      if (pages.length === 1) machine.at(timeline.now() + timing.signInSeconds, finish)
    },
  }
}
