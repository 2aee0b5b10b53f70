import { createHash } from 'node:crypto'
import type { RecordName, RecordStore } from '@evergrant/client'
import { isRecord } from '../messages/message.ts'
import type { SignInInstruction } from './proxy-sign-in.ts'

/** Tells other processes where the user signs in, while one process waits for the sign-in. */
export interface SharedPage {
  publish(instruction: SignInInstruction, lifetimeSeconds: number): Promise<void>
  withdraw(): Promise<void>
  find(): Promise<SignInInstruction | undefined>
}

const attempts = 3

/** Keeps the page in the store, which encrypts it. A store that fails only hides the URL. */
export function sharedPage(store: RecordStore, partition: string, serverUrl: string): SharedPage {
  const id = createHash('sha256')
    .update(JSON.stringify(['proxy-page', partition, serverUrl]))
    .digest('hex')
  const name: RecordName = { kind: 'authorization', id }

  async function put(value: unknown): Promise<void> {
    const body = JSON.stringify({ version: 1, value })
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const stored = await store.read(name)
      const written = await store.write(name, body, stored?.generation ?? 0)
      if (written.outcome === 'written') return
    }
  }

  return {
    publish: ({ url, userCode }, lifetimeSeconds) =>
      put({ url, userCode, untilMilliseconds: Date.now() + lifetimeSeconds * 1000 }).catch(
        () => undefined,
      ),
    withdraw: () => put(null).catch(() => undefined),
    async find() {
      const stored = await store.read(name).catch(() => undefined)
      return stored === undefined ? undefined : pageIn(stored.body)
    },
  }
}

function pageIn(body: string): SignInInstruction | undefined {
  let record: unknown
  try {
    record = JSON.parse(body)
  } catch {
    return undefined
  }
  const value = isRecord(record) ? record['value'] : undefined
  if (!isRecord(value)) return undefined
  const { url, userCode, untilMilliseconds } = value
  if (typeof url !== 'string' || typeof untilMilliseconds !== 'number') return undefined
  if (untilMilliseconds <= Date.now()) return undefined
  return { url, ...(typeof userCode === 'string' ? { userCode } : {}) }
}
