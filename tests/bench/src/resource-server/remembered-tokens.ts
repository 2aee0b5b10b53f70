import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { round as digits, table } from '../report.ts'

/** Bytes of memory for each of many remembered tokens. */
export interface TokenMemory {
  readonly tokens: number
  /** Everything that a guard keeps. */
  readonly remembered: number
  /** An array of the tokens with their claims. */
  readonly tokenAndClaims: number
}

/** Measures the memory in two processes, after a garbage collection. */
export async function measureTokenMemory(tokens: number): Promise<TokenMemory> {
  return {
    tokens,
    remembered: await bytesOfEach('remembered', tokens),
    tokenAndClaims: await bytesOfEach('reference', tokens),
  }
}

async function bytesOfEach(kept: 'remembered' | 'reference', tokens: number): Promise<number> {
  const program = fileURLToPath(import.meta.resolve('./memory.ts'))
  const child = spawn(process.execPath, [program, kept, `${tokens}`], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [bytes] = (await once(child, 'message')) as [number]
  await once(child, 'exit')
  return bytes
}

export function printTokenMemory({ tokens, remembered, tokenAndClaims }: TokenMemory): void {
  table(
    `Memory with ${tokens.toLocaleString('en-US')} remembered tokens, after a garbage collection`,
    ['', 'bytes for each'],
    [
      ['remembered', digits(remembered)],
      ['of that, the token and its claims', digits(tokenAndClaims)],
      ['beside the token and its claims', digits(remembered - tokenAndClaims)],
    ],
  )
}
