import { expect, test } from 'vitest'
import { clip, logLine } from '../src/telemetry/log.ts'

test('remote text reaches no terminal by way of the log', { tags: ['A-10'] }, () => {
  const hostile = 'a\u009b31mb\u202ec\u2028d\u200be\u{e0041}f'
  const line = logLine({ level: 'warn', event: 'x', detail: hostile })
  expect(line).toMatch(/^[\x20-\x7e]+\n$/)
  // Nothing is lost: what the line says is what was logged.
  expect(JSON.parse(line)).toMatchObject({ detail: hostile })
})

test('clipped text has no controls, and is cut short', { tags: ['A-10'] }, () => {
  expect(clip('a\u001b[2Jb\u202e\0c')).toBe('a [2Jb c')
  expect(clip('x'.repeat(300))).toBe(`${'x'.repeat(200)}…`)
  expect(clip(7)).toBeUndefined()
})
