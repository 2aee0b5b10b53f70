import { expect, test } from 'vitest'
import { scene } from './support.ts'

test(
  'logout: forgets the client that registered itself, and the next login registers a new one',
  { tags: ['C-41'] },
  async () => {
    await using s = await scene()
    const first = JSON.parse((await s.run(['login', s.url, '--headless', '--json'])).out)
    s.as.forgetClient(first.clientId)
    expect((await s.run(['logout', s.url])).code).toBe(0)
    const again = await s.run(['login', s.url, '--headless', '--json'])
    expect(again.code).toBe(0)
    expect(JSON.parse(again.out).clientId).not.toBe(first.clientId)
    expect(s.as.count('register')).toBe(2)
  },
)

test(
  'login: a client for another issuer is an error that names both, and no other client is registered',
  { tags: ['C-40'] },
  async () => {
    await using s = await scene()
    const other = 'https://other.test'
    const { code, err } = await s.run([
      'login',
      s.url,
      '--headless',
      '--client-id',
      'x',
      '--issuer',
      other,
    ])
    expect(code).not.toBe(0)
    expect(err).toContain(s.as.issuer)
    expect(err).toContain(`"${other}" (client "x")`)
    expect(err).toContain('--client-id with --issuer')
    expect(s.as.count('register')).toBe(0)
  },
)

test(
  'login: a client ID is used again after logout without being passed again',
  { tags: ['C-41'] },
  async () => {
    await using s = await scene({ clients: [{ clientId: 'by-hand' }] })
    const flags = ['--client-id', 'by-hand', '--issuer', s.as.issuer]
    expect((await s.run(['login', s.url, '--headless', ...flags])).code).toBe(0)
    await s.run(['logout', s.url])
    const again = await s.run(['login', s.url, '--headless', '--json'])
    expect(JSON.parse(again.out).clientId).toBe('by-hand')
    expect(s.as.count('register')).toBe(0)
  },
)
