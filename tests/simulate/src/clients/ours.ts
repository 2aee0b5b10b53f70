import { createSession } from '@evergrant/client'
import type { Clock, SignIn } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { memoryStore } from '@evergrant/client/stores/memory'
import { refreshAheadSeconds } from '@evergrant/core'
import { preregisteredClientId } from '../server/authorization-server.ts'
import { resource } from '../server/mcp-server.ts'
import type { Life } from '../world/machine.ts'
import type { Client, ClientContext } from './client.ts'
import { storeOfProcess } from './process-store.ts'

const redirectUri = 'http://127.0.0.1:8090/callback'

/** The real `@evergrant/client`, with its defaults. All processes share one store. */
export function ours(context: ClientContext, accessTokenSeconds: number): Client {
  const { world } = context
  const store = memoryStore({ clock: neverSleeping(world.nowEpochSeconds) })
  /** The expiry of the token that each process sent last. */
  const expiries = new Map<number, number>()

  return {
    reset() {
      throw new Error('Evergrant is stuck: every call fails, and it asks for no sign-in.')
    },
    aheadSeconds: refreshAheadSeconds(accessTokenSeconds),
    remembersToken: true,
    expiryFor: (process) => expiries.get(process),
    start({ life, fetch }) {
      const { process } = life
      expiries.delete(process)
      const clock = clockOf(context, life)
      const session = createSession(resource, {
        store: storeOfProcess(store, life),
        client: {
          name: 'Simulated host',
          ...(world.as.registersClients
            ? {}
            : { preRegistered: { [world.as.issuer]: { clientId: preregisteredClientId } } }),
        },
        signIn: browserSignIn(context, life),
        clock,
        fetch,
      })
      const send: typeof fetch = async (input, init) => {
        const response = await fetch(input, init)
        if (response.status === 202) {
          const token = new Headers(init?.headers).get('authorization')?.slice('Bearer '.length)
          expiries.set(process, world.as.expiryOf(token ?? '') ?? 0)
        }
        return response
      }
      const callFetch = authorizedFetch(session, { fetch: send, clock })
      return {
        async call() {
          try {
            const response = await callFetch(resource, { method: 'POST', body: '{}' })
            return response.ok
          } catch {
            return false
          }
        },
      }
    },
  }
}

/** The clock of a process, which stops with it and with the machine. */
function clockOf(
  { world: { machine, timeline, nowEpochSeconds } }: ClientContext,
  life: Life,
): Clock {
  return {
    nowEpochSeconds,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
        machine.at(timeline.now() + milliseconds / 1000, () => {
          if (life.isAlive()) resolve()
        })
      }),
  }
}

/** The store only reads the time. */
function neverSleeping(nowEpochSeconds: () => number): Clock {
  return { nowEpochSeconds, sleep: () => Promise.reject(new Error('The store does not sleep.')) }
}

function browserSignIn({ user }: ClientContext, life: Life): SignIn {
  return {
    kind: 'interactive',
    prepare: async () => ({
      redirectUri,
      authorize: (authorizationUrl) =>
        new Promise((resolve) => {
          user.open(life, authorizationUrl, (redirect) => resolve(redirect.href))
        }),
      close: async () => {},
    }),
  }
}
