import { expect, test } from 'vitest'
import { createJsonLog } from '../../src/telemetry/json-log.ts'
import { clip } from '../../src/telemetry/log.ts'
import type { LogEntry } from '../../src/telemetry/log.ts'

function logged(entry: LogEntry): string {
  const lines: string[] = []
  createJsonLog((line) => lines.push(line))(entry)
  expect(lines).toHaveLength(1)
  return lines.join('')
}

test('log: escapes characters that control a terminal or hide text', { tags: ['A-10'] }, () => {
  const hostile = 'a\u009b31mb\u202ec\u2028d\u200be\u{e0041}f'
  const line = logged({ level: 'warn', event: 'x', detail: hostile })
  expect(line).toMatch(/^[\x20-\x7e]+\n$/)
  // Nothing is lost: the line holds what was logged.
  expect(JSON.parse(line)).toMatchObject({ detail: hostile })
})

test('log: clipped text has no control characters and is shortened', { tags: ['A-10'] }, () => {
  expect(clip('a\u001b[2Jb\u202e\0c')).toBe('a [2Jb c')
  expect(clip('x'.repeat(300))).toBe(`${'x'.repeat(200)}…`)
  expect(clip(7)).toBeUndefined()
})

test('log: one line per event with time, level and fields', { tags: ['A-10'] }, () => {
  const entry = { level: 'info', event: 'x', client: 'a\nb', rows: 1, gone: undefined } as const
  expect(JSON.parse(logged(entry))).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    level: 'info',
    event: 'x',
    client: 'a\nb',
    rows: 1,
  })
})

test('log: redacts fields that hold secrets', { tags: ['C-06'] }, () => {
  const secret = 'secret-in-the-clear'
  const line = logged({
    level: 'info',
    event: 'x',
    refresh_token: secret,
    accessToken: secret,
    code: secret,
    password: secret,
    client_secret: secret,
  })
  expect(line).not.toContain(secret)
  expect(JSON.parse(line)).toMatchObject({ refresh_token: '[redacted]', code: '[redacted]' })
})
