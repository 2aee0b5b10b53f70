import { readdir, utimes } from 'node:fs/promises'
import path from 'node:path'
import { recordKinds } from './record-kinds.ts'
import { openStore } from './open-store.ts'
import type { BackendOptions, StoreBackend } from './store-backend.ts'
import type { StoreDescription } from './store-kind.ts'

/** The backend of the file store: a folder of encrypted files. */
export function fileBackend({ folder, keyFile }: BackendOptions): StoreBackend {
  const storeFolder = path.join(folder, 'store')
  const description: StoreDescription = { kind: 'file', folder: storeFolder, keyFile }

  async function files(ofFolders: readonly string[]): Promise<string[]> {
    const names = await Promise.all(
      ofFolders.map(async (name) =>
        (await readdir(path.join(storeFolder, name))).map((file) =>
          path.join(storeFolder, name, file),
        ),
      ),
    )
    return names.flat()
  }

  async function leftovers(): Promise<string[]> {
    return (await files([...recordKinds, 'locks'])).filter((file) =>
      path.basename(file).startsWith('.writing-'),
    )
  }

  return {
    reach: () => Promise.resolve({ description, line: undefined }),
    // The file store does not read the times of its files.
    age: () => Promise.resolve(),
    setAside: async () => (await files(['set-aside'])).length,
    async leftoversAfterSweep() {
      const before = await leftovers()
      const longAgo = new Date(Date.now() - 3_600_000)
      for (const file of before) await utimes(file, longAgo, longAgo)
      await (await openStore(description)).end()
      return { before: before.length, after: (await leftovers()).length }
    },
    refuseWrites: () =>
      Promise.reject(
        new Error('A file backend cannot refuse writes. Use `failWrites` of the workers.'),
      ),
    // The testbed removes the folder.
    close: () => Promise.resolve(),
  }
}
