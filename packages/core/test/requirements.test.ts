import { expect, test } from 'vitest'
import { requirements } from '../src/requirements.ts'

test('requirements: every ID is unique', () => {
  const ids = requirements.map((row) => row.id)
  expect(new Set(ids).size).toBe(ids.length)
})

test.each(requirements.filter((row) => row.level !== 'OURS').map((row) => [row.id, row] as const))(
  'requirements: %s quotes its source with each keyword of its level',
  (_id, { level, levelDetail = level, quotes = [] }) => {
    // A keyword followed by NOT is another keyword.
    const keywords = levelDetail.match(/\b(?:MUST|SHOULD|MAY)(?: NOT)?\b/g) ?? []
    expect(keywords.length).toBeGreaterThan(0)
    const quoted = quotes.flatMap(
      ({ text }) => text.match(/\b(?:MUST|SHOULD|MAY)(?: NOT)?\b/g) ?? [],
    )
    // The source forbids what this rule avoids, or the reverse: "MUST NOT" covers "MUST".
    for (const keyword of keywords) {
      expect(quoted.map((word) => word.replace(' NOT', ''))).toContain(keyword.replace(' NOT', ''))
    }
  },
)

test('requirements: rules of this project quote no keyword as if it were the source of the level', () => {
  const own = requirements.filter((row) => row.level === 'OURS')
  expect(own.filter((row) => row.quotes !== undefined).map((row) => row.id)).toEqual([])
})

test('requirements: every quote has a URL', () => {
  for (const { quotes = [] } of requirements) {
    for (const { url } of quotes) expect(new URL(url).protocol).toBe('https:')
  }
})
