import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { JWK, JWKS } from 'oidc-provider'
import type { SecretStore } from '../store/store.ts'

/**
 * The keys made at one time, one for each algorithm. Public from the start, signing from a later
 * moment on, public until all that they signed has expired: then no token meets a verifier, or
 * another instance of this server, that has not heard of its key.
 */
export interface SigningKeyGeneration {
  readonly keys: readonly JWK[]
  readonly signsFromEpochSeconds: number
  /** Absent until a later generation takes over. */
  readonly publishedUntilEpochSeconds?: number | undefined
}

/** What can be set about {@link rotateSigningKeys}. */
export interface SigningKeyRotation {
  readonly nowEpochSeconds: number
  /** How long the new keys are published before they sign. */
  readonly signAfterSeconds: number
  /** How long the old keys are published after they have signed for the last time. */
  readonly keepSeconds: number
}

const secretName = 'signing-keys'

/** The engine's ID tokens live this long, which is longer than access tokens by default. */
export const idTokenLifetimeSeconds = 3600

/**
 * How long keys stay published after their last signature: the longest life of a token, and two
 * minutes for instances that have not noticed the change, and for clocks that differ.
 */
export function signingKeyRetentionSeconds(accessTokenLifetimeSeconds: number): number {
  return Math.max(idTokenLifetimeSeconds, accessTokenLifetimeSeconds) + 120
}

/** The stored generations, oldest first; makes the first one where there is none. */
export async function loadSigningKeys(
  secrets: SecretStore,
): Promise<readonly SigningKeyGeneration[]> {
  return generationsFrom(await readSigningKeys(secrets))
}

/**
 * Adds a generation of keys, and drops those whose time is over.
 *
 * Concurrency: of several rotations at once each adds its generation.
 */
export async function rotateSigningKeys(
  secrets: SecretStore,
  { nowEpochSeconds, signAfterSeconds, keepSeconds }: SigningKeyRotation,
): Promise<readonly SigningKeyGeneration[]> {
  const signsFromEpochSeconds = nowEpochSeconds + signAfterSeconds
  const added = { keys: await generateKeys(), signsFromEpochSeconds }
  for (;;) {
    const current = await readSigningKeys(secrets)
    const kept = generationsFrom(current)
      .filter((one) => !isOver(one, nowEpochSeconds))
      .map((one) => ({
        ...one,
        publishedUntilEpochSeconds:
          one.publishedUntilEpochSeconds ??
          Math.max(signsFromEpochSeconds, one.signsFromEpochSeconds) + keepSeconds,
      }))
    const next = [...kept, added]
    if (await secrets.replace(secretName, current, JSON.stringify(next))) return next
  }
}

/** The keys to publish at a time; the engine signs with the first that fits. */
export function signingKeysAt(
  generations: readonly SigningKeyGeneration[],
  nowEpochSeconds: number,
): JWKS {
  const published = generations.filter((one) => !isOver(one, nowEpochSeconds))
  const signing =
    published.findLast((one) => one.signsFromEpochSeconds <= nowEpochSeconds) ?? published[0]
  const others = published.filter((one) => one !== signing)
  return { keys: [...(signing?.keys ?? []), ...others.flatMap(({ keys }) => keys)] }
}

/** What a generation is there for at a time. */
export function signingKeyState(
  generations: readonly SigningKeyGeneration[],
  generation: SigningKeyGeneration,
  nowEpochSeconds: number,
): 'signs' | 'published' | 'over' {
  if (isOver(generation, nowEpochSeconds)) return 'over'
  const [first] = signingKeysAt(generations, nowEpochSeconds).keys
  return generation.keys.some((key) => key === first) ? 'signs' : 'published'
}

function isOver(generation: SigningKeyGeneration, nowEpochSeconds: number): boolean {
  const { publishedUntilEpochSeconds } = generation
  return publishedUntilEpochSeconds !== undefined && publishedUntilEpochSeconds <= nowEpochSeconds
}

async function readSigningKeys(secrets: SecretStore): Promise<string> {
  return await secrets.getOrCreate(secretName, async () =>
    JSON.stringify([{ keys: await generateKeys(), signsFromEpochSeconds: 0 }]),
  )
}

/** What the two functions above wrote: nobody else writes this secret. */
function generationsFrom(stored: string): readonly SigningKeyGeneration[] {
  return JSON.parse(stored) as readonly SigningKeyGeneration[]
}

/** ES256 signs; RS256 is there because RFC 9068 §2.1 and OpenID Connect demand that it be. */
async function generateKeys(): Promise<readonly JWK[]> {
  return await Promise.all(
    ['ES256', 'RS256'].map(async (alg) => {
      const { privateKey } = await generateKeyPair(alg, { extractable: true })
      const jwk = await exportJWK(privateKey)
      return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' }
    }),
  )
}
