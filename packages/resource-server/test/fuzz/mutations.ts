/** Random numbers that a seed repeats. */
export interface Random {
  /** A whole number from 0 up to, and not including, `limit`. */
  below(limit: number): number
  pick<Value>(values: readonly Value[]): Value
}

/** @param seed - A whole number. Uses the generator mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  function below(limit: number): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
  return {
    below,
    pick(values) {
      const value = values[below(values.length)]
      if (value === undefined) throw new Error('expected at least one value')
      return value
    },
  }
}

/** Characters and texts that parsers of headers and tokens treat specially. */
const special: readonly string[] = [
  ...' \t\r\n\0,;=:."\\/+-_~%?&#{}[]()<>@!'.split(''),
  '""',
  '\\"',
  ', ',
  '==',
  '..',
  'Bearer ',
  'DPoP ',
  'bearer',
  'Basic ',
  'realm="',
  'scope="mcp:read"',
  'error=invalid_token',
  'resource_metadata="https://a.example/"',
  'access_token=',
  'offline_access',
  '__proto__',
  'constructor',
  'null',
  'eyJhbGciOiJub25lIn0.',
  '\u00e9',
  '\u0435',
  '\u200b',
  '\ud800',
  '\u{1f600}',
]

/** More than servers accept for all headers of a request. */
const maximumLength = 20_000

/** Builds a text from nothing, or from one of `corpus` with a few changes. */
export function mutated(corpus: readonly string[], random: Random): string {
  if (random.below(10) === 0) return randomText(random)
  let text = random.pick(corpus)
  for (let left = 1 + random.below(4); left > 0; left -= 1) text = changed(text, corpus, random)
  return text.slice(0, maximumLength)
}

function changed(text: string, corpus: readonly string[], random: Random): string {
  const at = random.below(text.length + 1)
  const to = at + random.below(Math.min(40, text.length - at + 1))
  const part = text.slice(at, to)
  switch (random.below(8)) {
    case 0:
      return text.slice(0, at) + random.pick(special) + text.slice(at)
    case 1:
      return text.slice(0, at) + random.pick(special) + text.slice(to)
    case 2:
      return text.slice(0, at) + text.slice(to)
    case 3:
      return text.slice(0, at) + part + text.slice(at)
    case 4:
      return text.slice(0, at) + part.toUpperCase() + text.slice(to)
    case 5:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1)
    case 6:
      return text.slice(0, at) + random.pick(corpus).slice(random.below(60))
    default:
      // Rarely long: a repeated part is what makes a slow pattern slow.
      return text.slice(0, at) + part.repeat(random.below(20) === 0 ? 300 : 3) + text.slice(to)
  }
}

function randomText(random: Random): string {
  let text = ''
  for (let left = random.below(60); left > 0; left -= 1) {
    text += random.below(3) === 0 ? random.pick(special) : String.fromCharCode(random.below(256))
  }
  return text
}
