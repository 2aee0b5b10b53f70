import { ResourceServerError } from '../lib/errors.ts'

/**
 * How proofs of possession are verified.
 *
 * @see RFC 9449
 */
export interface DpopOptions {
  /** Refuses bearer tokens. Default `false`: clients choose, and bound tokens always need a proof. */
  readonly isRequired?: boolean
  /** Accepted JWS algorithms of proofs. Default: ES256, ES384, ES512, Ed25519, EdDSA, RS256, PS256. */
  readonly algorithms?: readonly string[]
  /** How long a proof can be used, 5 to 300 seconds. Default 60. A longer time costs memory for replays. */
  readonly maximumProofAgeSeconds?: number
  /**
   * When proofs must contain a nonce of this server. `always` also refuses proofs that were made in advance,
   * and costs each client one repeated request from time to time. Default `when-needed`: only while the
   * memory for replays is full.
   */
  readonly nonce?: 'always' | 'when-needed'
  /**
   * At least 32 random bytes that all processes of this resource share, so that each accepts the nonces of
   * the others. Default: random bytes of this process.
   */
  readonly nonceSecret?: Uint8Array
  /**
   * Returns the URL of a request as the client wrote it, for comparison with `htu`. Default: the path of the
   * request at the origin of the resource identifier, which is right behind a proxy that keeps the path.
   */
  readonly requestUrl?: (url: string) => string
  /** Remembers used proofs. Default: the memory of this process. */
  readonly replays?: ReplayStore
  /**
   * How many proofs this process remembers. Default 100,000, about 12 MB. If there are more within
   * `maximumProofAgeSeconds`, proofs need a nonce, so that no older proof can be replayed.
   */
  readonly maximumProofs?: number
}

/** Remembers the proofs that were used. Give it to all processes of one resource. */
export interface ReplayStore {
  /**
   * Records a proof, and says whether it is the first use. The decision must be atomic.
   *
   * @param proof - A digest of the proof's key and `jti`, 43 characters.
   * @param untilEpochSeconds - When it can be forgotten.
   * @returns `full` if there is no place: proofs then need a newer nonce.
   */
  use(
    proof: string,
    untilEpochSeconds: number,
  ): 'first-use' | 'replayed' | 'full' | Promise<'first-use' | 'replayed' | 'full'>
}

export const defaultProofAlgorithms: readonly string[] = [
  'ES256',
  'ES384',
  'ES512',
  'Ed25519',
  'EdDSA',
  'RS256',
  'PS256',
]

/** @throws {ResourceServerError} `OPTION_INVALID`. */
export function assertDpopOptions(options: DpopOptions): void {
  const { maximumProofAgeSeconds = 60, maximumProofs = 100_000, nonceSecret } = options
  if (!(maximumProofAgeSeconds >= 5 && maximumProofAgeSeconds <= 300)) {
    throw new ResourceServerError(
      'OPTION_INVALID',
      `The option dpop.maximumProofAgeSeconds is ${maximumProofAgeSeconds} (expected 5 to 300). ` +
        'Correct it.',
    )
  }
  if (!(maximumProofs >= 1 && maximumProofs <= 10_000_000)) {
    throw new ResourceServerError(
      'OPTION_INVALID',
      `The option dpop.maximumProofs is ${maximumProofs} (expected 1 to 10000000). Correct it.`,
    )
  }
  if (nonceSecret !== undefined && nonceSecret.byteLength < 32) {
    throw new ResourceServerError(
      'OPTION_INVALID',
      `The option dpop.nonceSecret has ${nonceSecret.byteLength} bytes (expected at least 32). Use ` +
        'crypto.getRandomValues(new Uint8Array(32)), and store it for all processes.',
    )
  }
}
