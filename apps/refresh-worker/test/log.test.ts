import { expect, test } from 'vitest'
import { limitedLog } from '../src/output/limited-log.ts'
import type { LogEntry } from '../src/output/log.ts'
import { createLog } from '../src/output/log.ts'
import { redactor } from '../src/output/redact.ts'

const entry = {
  level: 'warn',
  event: 'refresh-failed',
  issuer: 'https://as.example',
  oauthError: 'no\u001b[2J\u202e\nsecret-1',
  left: undefined,
} satisfies LogEntry

test(
  'log: a line has no control characters, no invisible ones and no secrets',
  { tags: ['C-06'] },
  () => {
    const written: string[] = []
    const redact = redactor(['secret-1', 'xyz'])
    for (const format of ['json', 'text'] as const) {
      createLog({ format, write: (line) => written.push(line), redact })(entry)
    }
    const [json = '', text = ''] = written
    expect(JSON.parse(json)).toEqual({
      time: expect.stringMatching(/Z$/),
      level: 'warn',
      event: 'refresh-failed',
      issuer: 'https://as.example',
      oauthError: 'no\u001b[2J\u202e\n[redacted]',
    })
    for (const line of [json, text]) {
      expect(line.slice(0, -1)).toMatch(/^[\x20-\x7e]+$/)
      expect(line.endsWith('\n')).toBe(true)
    }
    expect(text).toMatch(/^\S+Z WARN  refresh-failed issuer="https:\/\/as.example" oauthError="/)
  },
)

test('log: texts are cut, and a log that cannot be written is ignored', () => {
  let written = ''
  const options = { format: 'json', redact: (text: string) => text } as const
  createLog({ ...options, write: (line) => (written = line) })({
    ...entry,
    detail: 'x'.repeat(1e6),
  })
  expect(written.length).toBeLessThan(2000)
  const broken = createLog({
    ...options,
    write() {
      throw new Error('EPIPE')
    },
  })
  expect(() => broken(entry)).not.toThrow()
})

test('log: repeated events of one server are limited, and the next period says how many were left out', () => {
  let now = 0
  const logged: LogEntry[] = []
  const log = limitedLog(
    (one) => logged.push(one),
    () => now,
  )
  for (let count = 1; count <= 1000; count += 1) log(entry)
  expect(logged).toHaveLength(10)
  log({ ...entry, issuer: 'https://other.example' })
  expect(logged).toHaveLength(11)
  now += 60_000
  log(entry)
  log(entry)
  expect(logged.slice(11)).toEqual([{ ...entry, suppressedBefore: 990 }, entry])
})

test('log: many servers cannot make the memory of the limit grow', () => {
  let count = 0
  const log = limitedLog(
    () => (count += 1),
    () => 0,
  )
  for (let server = 1; server <= 5000; server += 1) log({ ...entry, issuer: `https://${server}` })
  expect(count).toBe(5000)
})
