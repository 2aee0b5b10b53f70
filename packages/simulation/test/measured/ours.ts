import { createSession } from '@evergrant/client'
import type { Session } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import type { Candidate, Surroundings } from './client-under-test.ts'

type Store = ReturnType<typeof memoryStore>

/** A store whose writer can be killed: the write never ends, and the lock is released for it. */
function killableStore({ as, clock }: Surroundings) {
  const store = memoryStore({ clock })
  let refreshesBefore: number | undefined
  let onKill: (() => void) | undefined
  let killed = Promise.resolve()
  let releaseLock: (() => Promise<void>) | undefined
  const killable: Store = {
    ...store,
    async lock(...parameters) {
      const outcome = await store.lock(...parameters)
      if (outcome.outcome === 'acquired') releaseLock = () => outcome.lock.release()
      return outcome
    },
    async write(...parameters) {
      // The journal is written before the request, and the tokens after it.
      if (refreshesBefore !== undefined && as.count('token', 'refreshed') > refreshesBefore) {
        refreshesBefore = undefined
        await releaseLock?.()
        onKill?.()
        return await new Promise<never>(() => undefined)
      }
      return await store.write(...parameters)
    },
  }
  return {
    killable,
    killBeforeNextSave: (): void => {
      refreshesBefore = as.count('token', 'refreshed')
      killed = new Promise((resolve) => {
        onKill = resolve
      })
    },
    killed: () => killed,
  }
}

export const ours: Candidate = {
  id: 'ours',
  refreshesForEachCall: false,
  async start(surroundings) {
    const { clock, resource, processes } = surroundings
    const { killable, killBeforeNextSave, killed } = killableStore(surroundings)
    const headless = headlessSignIn()
    let pages = -1
    const open = (): Session =>
      createSession(resource, {
        store: killable,
        client: { name: 'App' },
        clock,
        signIn: {
          kind: 'interactive',
          prepare(preferred) {
            pages += 1
            return headless.prepare(preferred)
          },
        },
      })
    const sessions = Array.from({ length: processes }, open)
    await sessions[0]?.signIn()
    // The memory of a killed process is gone.
    const restart = async (): Promise<void> => {
      await killed()
      for (let process = 0; process < processes; process += 1) sessions[process] = open()
    }
    return {
      async call(process) {
        const session = sessions[process]
        if (session === undefined) throw new Error(`There is no process ${process}.`)
        const response = await authorizedFetch(session)(resource, { method: 'POST', body: '{}' })
        if (!response.ok) throw new Error(`The MCP server answered ${response.status}.`)
      },
      pages: () => pages,
      // The server approves at once, and the call that opened the page has waited for it.
      finishSignIn: () => Promise.resolve(),
      killBeforeNextSave,
      killed: restart,
    }
  },
}
