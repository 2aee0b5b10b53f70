import { parseChallenges, readBearerChallenge } from '@evergrant/core'
import { createResourceServer } from '@evergrant/resource-server'
import { round as digits, table } from '../report.ts'
import { median } from '../statistics.ts'

/** A header that grows with its length, and the time for a character of it. */
export interface Growth {
  readonly name: string
  /** The time of a header of {@link longest} characters over that of a shorter one, per character. */
  readonly ratio: number
  readonly nanosecondsPerCharacter: number
}

/** The parser of challenges reads no more than this. */
const longest = 16_000
const shortest = 1000
const samples = 15

/** Texts that make a pattern with nested repetition slow, each repeated to a length. */
const repeated: Readonly<Record<string, string>> = {
  letters: 'a',
  'equals signs': '=',
  spaces: ' ',
  commas: ',',
  'commas and spaces': ' ,\t, ',
  quotes: '"',
  backslashes: '\\',
  'quoted backslashes': '"\\',
  parameters: 'a=b ',
  'quoted parameters': 'a="b", ',
  schemes: 'Bearer ',
  'schemes and commas': 'Bearer, ',
  dots: '.',
  escapes: '%61',
  'parts of a token': 'eyJhbGciOiJFUzI1NiJ9.',
}

/** Measures how the time to read a header grows with its length. */
export async function measureGrowth(): Promise<readonly Growth[]> {
  const resourceServer = createResourceServer('https://mcp.example.com/mcp', [
    { issuer: 'https://as.example.com', jwksUri: 'https://as.example.com/jwks' },
  ])
  const readers: Readonly<Record<string, (text: string) => unknown>> = {
    'WWW-Authenticate': (text) => [parseChallenges(text), readBearerChallenge(text)],
    Authorization: (text) =>
      resourceServer.authenticate({ authorization: `Bearer ${text}`, url: '/mcp' }),
    'Authorization, without a scheme': (text) =>
      resourceServer.authenticate({ authorization: text, url: '/mcp' }),
    'access_token in the query': (text) =>
      resourceServer.authenticate({ authorization: undefined, url: `/mcp?${text}` }),
  }
  const growths: Growth[] = []
  for (const [reader, read] of Object.entries(readers)) {
    for (const [name, part] of Object.entries(repeated)) {
      const long = await nanosecondsPerCharacter(read, part, longest)
      const short = await nanosecondsPerCharacter(read, part, shortest)
      growths.push({
        name: `${reader}: ${name}`,
        ratio: long / short,
        nanosecondsPerCharacter: long,
      })
    }
  }
  return growths
}

async function nanosecondsPerCharacter(
  read: (text: string) => unknown,
  part: string,
  length: number,
): Promise<number> {
  const text = part.repeat(Math.ceil(length / part.length)).slice(0, length)
  // Short texts are read more often, so that each sample takes the same time if it is linear.
  const turns = Math.ceil((4 * longest) / length)
  const times: number[] = []
  for (let sample = 0; sample < samples; sample += 1) {
    const begin = performance.now()
    // Another last character each time: a decision about the same token may be remembered.
    for (let turn = 0; turn < turns; turn += 1) await read(`${text}${sample * turns + turn}`)
    times.push(((performance.now() - begin) * 1e6) / (turns * length))
  }
  return median(times)
}

/** Prints the headers whose time grows fastest. */
export function printGrowth(growths: readonly Growth[]): void {
  table(
    `Headers of ${longest} characters, compared with ${shortest}: the 5 of ${growths.length} that grow fastest`,
    ['', 'time per character', 'ratio'],
    growths
      .toSorted((a, b) => b.ratio - a.ratio)
      .slice(0, 5)
      .map(({ name, ratio, nanosecondsPerCharacter: time }) => [
        name,
        `${digits(time)} ns`,
        ratio.toFixed(2),
      ]),
  )
}
