import { expect, test } from 'vitest'
import { OptionError, readArguments, resolveOptions } from '../../../scripts/template/options.ts'
import type { Given } from '../../../scripts/template/options.ts'

const apps = ['docs', 'reference-as', 'reference-mcp-server']

test('options: everything is derived from the name', () => {
  expect(resolveOptions({ name: 'acme-auth' }, apps)).toEqual({
    names: {
      scope: '@acme-auth',
      name: 'acme-auth',
      displayName: 'Acme Auth',
      environmentPrefix: 'ACME_AUTH_',
      prefix: 'acme_auth',
      repository: 'https://github.com/acme-auth/acme-auth',
      site: 'https://github.com/acme-auth/acme-auth',
    },
    license: 'UNLICENSED',
    keep: 'all',
    packages: 'workspace',
    tarballs: undefined,
  })
})

test('options: flags are read, and pnpm passes the separator on', () => {
  const { given, run } = readArguments(['--', '--name', 'a', '--scope=@b', '--yes', '--no-install'])
  expect(given).toEqual({ name: 'a', scope: '@b' })
  expect(run).toEqual({ yes: true, force: false, install: false })
})

test('options: an unknown flag is refused', () => {
  expect(() => readArguments(['--nmae', 'a'])).toThrow(OptionError)
})

test.each<[flag: string, given: Given]>([
  ['--name is missing', {}],
  ['--name', { name: 'Acme' }],
  ['--name', { name: 'acme--auth' }],
  ['--name', { name: 'my-evergrant' }],
  ['--scope', { scope: '@Acme' }],
  ['--scope', { scope: '@evergrant' }],
  ['--display-name', { 'display-name': "Acme's" }],
  ['--display-name', { 'display-name': '`Acme`' }],
  ['--env-prefix', { 'env-prefix': 'ACME' }],
  ['--env-prefix', { 'env-prefix': 'acme_' }],
  ['--prefix', { prefix: 'acme-auth' }],
  ['--prefix', { prefix: 'acme_' }],
  ['--license', { license: 'MIT OR Apache-2.0' }],
  ['--repository', { repository: 'git@github.com:acme/auth.git' }],
  ['--repository', { repository: 'https://github.com' }],
  ['--site', { site: 'http://acme.example' }],
  ['--packages', { packages: 'npm' }],
  ['--keep', { keep: 'reference-sa' }],
  ['--keep', { keep: 'docs' }],
  ['--packages published', { packages: 'published', keep: 'all' }],
  ['--tarballs', { tarballs: 'packed', keep: 'reference-as' }],
])('options: %s is refused with what to do: %j', (flag, given) => {
  const values = flag.includes('missing') ? given : { name: 'acme-auth', ...given }
  expect(() => resolveOptions(values, apps)).toThrow(
    expect.objectContaining({
      name: 'OptionError',
      message: expect.stringMatching(new RegExp(`^${flag}.*\\. \\w.*\\.$`)),
    }),
  )
})
