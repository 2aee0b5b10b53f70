import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { JWK } from 'oidc-provider'
import type { SecretStore } from '../store/store.ts'

/**
 * Keys that were created together, one for each algorithm. They are published first, sign from a
 * later moment on, and stay published until everything they signed has expired. So every verifier
 * and every instance of this server knows the key of each valid token.
 */
export interface SigningKeyGeneration {
  readonly keys: readonly JWK[]
  readonly signsFromEpochSeconds: number
  /** Absent until a later generation signs. */
  readonly publishedUntilEpochSeconds?: number | undefined
}

/** The keys that the server publishes. The first that fits an algorithm signs. */
export interface SigningKeySet {
  readonly keys: readonly JWK[]
}

/** Options of {@link rotateSigningKeys}. */
export interface SigningKeyRotation {
  readonly nowEpochSeconds: number
  /** How long the new keys are published before they sign. */
  readonly signAfterSeconds: number
  /** How long the old keys stay published after their last signature. */
  readonly keepSeconds: number
}

const secretName = 'signing-keys'

/** Lifetime of the engine's ID tokens, which is longer than that of access tokens by default. */
export const idTokenLifetimeSeconds = 3600

/**
 * How long keys stay published after their last signature: the longest lifetime of a token, plus two
 * minutes for instances that have not noticed the change yet and for clock differences.
 */
export function signingKeyRetentionSeconds(accessTokenLifetimeSeconds: number): number {
  return Math.max(idTokenLifetimeSeconds, accessTokenLifetimeSeconds) + 120
}

/** The stored generations, oldest first. Creates the first generation when none is stored. */
export async function loadSigningKeys(
  secrets: SecretStore,
): Promise<readonly SigningKeyGeneration[]> {
  return generationsFrom(await readSigningKeys(secrets))
}

/**
 * Adds a generation of keys, and removes expired ones.
 *
 * Concurrency: each of several concurrent rotations adds its generation.
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
      .filter((one) => !isExpired(one, nowEpochSeconds))
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

/** The keys to publish at a time. The engine signs with the first that fits. */
export function signingKeysAt(
  generations: readonly SigningKeyGeneration[],
  nowEpochSeconds: number,
): SigningKeySet {
  const published = generations.filter((one) => !isExpired(one, nowEpochSeconds))
  const signing =
    published.findLast((one) => one.signsFromEpochSeconds <= nowEpochSeconds) ?? published[0]
  const others = published.filter((one) => one !== signing)
  return { keys: [...(signing?.keys ?? []), ...others.flatMap(({ keys }) => keys)] }
}

/** The state of a generation at a time. */
export function signingKeyState(
  generations: readonly SigningKeyGeneration[],
  generation: SigningKeyGeneration,
  nowEpochSeconds: number,
): 'signs' | 'published' | 'expired' {
  if (isExpired(generation, nowEpochSeconds)) return 'expired'
  const [first] = signingKeysAt(generations, nowEpochSeconds).keys
  return generation.keys.some((key) => key === first) ? 'signs' : 'published'
}

function isExpired(generation: SigningKeyGeneration, nowEpochSeconds: number): boolean {
  const { publishedUntilEpochSeconds } = generation
  return publishedUntilEpochSeconds !== undefined && publishedUntilEpochSeconds <= nowEpochSeconds
}

async function readSigningKeys(secrets: SecretStore): Promise<string> {
  return await secrets.getOrCreate(secretName, async () =>
    JSON.stringify([{ keys: await generateKeys(), signsFromEpochSeconds: 0 }]),
  )
}

/** Not checked, because only this module writes the secret. */
function generationsFrom(stored: string): readonly SigningKeyGeneration[] {
  return JSON.parse(stored) as readonly SigningKeyGeneration[]
}

/** ES256 signs. RS256 is published because RFC 9068 §2.1 and OpenID Connect require it. */
async function generateKeys(): Promise<readonly JWK[]> {
  return await Promise.all(
    ['ES256', 'RS256'].map(async (alg) => {
      const { privateKey } = await generateKeyPair(alg, { extractable: true })
      const jwk = await exportJWK(privateKey)
      return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' }
    }),
  )
}
