import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { RecordStore } from '../../src/index.ts'
import { storeContract } from '../../src/stores/contract.ts'
import { fileStore } from '../../src/stores/file.ts'
import { memoryStore } from '../../src/stores/memory.ts'

describe('memory store', () => {
  let shared: RecordStore = memoryStore()
  const subject = {
    reset: async () => {
      shared = memoryStore()
    },
    open: async (): Promise<RecordStore> => ({ ...shared, close: async () => undefined }),
  }
  test.for(storeContract(subject))('$name', ({ run }) => expect(run()).resolves.toBeUndefined())
})

describe('file store', async () => {
  const key = randomBytes(32)
  const base = await mkdtemp(path.join(tmpdir(), 'evergrant-contract-'))
  let folder = base
  let number = 0
  const subject = {
    reset: async () => {
      number += 1
      folder = path.join(base, String(number))
    },
    open: () => fileStore(folder, { key }),
  }
  test.for(storeContract(subject))('$name', ({ run }) => expect(run()).resolves.toBeUndefined())
  afterAll(() => rm(base, { recursive: true, force: true }))
})
