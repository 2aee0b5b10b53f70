import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { expect, test } from 'vitest'

test.each(['@modelcontextprotocol/sdk', '@modelcontextprotocol/client'])(
  'README: it names the version of %s that the tests of SDK requests measured',
  async (name) => {
    const require = createRequire(import.meta.url)
    const entry = require.resolve(
      name === '@modelcontextprotocol/sdk' ? `${name}/client/auth.js` : name,
    )
    const root = entry.slice(0, entry.lastIndexOf(`${name}/`) + name.length)
    const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
      version: string
    }
    const readme = await readFile(path.resolve(import.meta.dirname, '../../../README.md'), 'utf8')
    expect(readme).toContain(`\`${name}\` ${manifest.version}`)
  },
)
