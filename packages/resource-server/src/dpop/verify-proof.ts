import { base64url } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { optionFailed } from '../lib/option-failed.ts'
import { createNonces } from './nonces.ts'
import { assertDpopOptions, defaultProofAlgorithms } from './options.ts'
import type { DpopOptions } from './options.ts'
import { checkProof } from './proof.ts'
import type { CheckedProof, ProofRefusal } from './proof.ts'
import { replayMemory } from './replay-memory.ts'

/** A request with a token that is bound to a key. */
export interface ProvenRequest {
  readonly method: string
  readonly url: string
  /** The `DPoP` header lines. */
  readonly proofs: readonly string[]
  readonly token: string
  readonly keyThumbprint: string
}

/** The decision about a proof. */
export interface ProofDecision {
  readonly refusal: ProofRefusal | undefined
  /** The nonce for the client's next proof, if it needs one: the header `DPoP-Nonce` of the response. */
  readonly nonce: string | undefined
}

/** Verifies the proofs of one resource. */
export interface ProofVerifier {
  readonly algorithms: readonly string[]
  readonly isRequired: boolean
  /** @throws {ResourceServerError} `OPTION_FAILED` if the replay store or `requestUrl` fails. */
  verify(request: ProvenRequest): Promise<ProofDecision>
}

/**
 * Creates the verifier.
 *
 * @param resource - The origin of requests, unless `requestUrl` is configured.
 * @throws {ResourceServerError} `OPTION_INVALID`.
 */
export function createProofVerifier(
  options: DpopOptions,
  resource: string,
  clock: Clock,
  clockToleranceSeconds: number,
): ProofVerifier {
  assertDpopOptions(options)
  const { maximumProofAgeSeconds = 60, nonce: nonceUse = 'when-needed' } = options
  const algorithms = [...(options.algorithms ?? defaultProofAlgorithms)]
  const memory = replayMemory(clock, options.maximumProofs ?? 100_000)
  const replays = options.replays ?? memory
  const secret = options.nonceSecret ?? crypto.getRandomValues(new Uint8Array(32))
  const nonces = createNonces(clock, secret)
  const { requestUrl = (url: string) => atOrigin(resource, url) } = options
  /** The longest time for which a proof can be used, from its first use. */
  const lifetimeSeconds = maximumProofAgeSeconds + 2 * clockToleranceSeconds
  let nonceRequiredUntil = nonceUse === 'always' ? Infinity : 0

  const isNonceRequired = (): boolean => clock.nowEpochSeconds() < nonceRequiredUntil

  async function useOf(
    proof: string,
    { issuedAtEpochSeconds }: CheckedProof,
  ): Promise<'first-use' | 'replayed' | 'full'> {
    // It is still accepted at the second of its expiry.
    const lastEpochSeconds = issuedAtEpochSeconds + maximumProofAgeSeconds + clockToleranceSeconds
    try {
      return await replays.use(proof, lastEpochSeconds + 1)
    } catch (cause) {
      throw optionFailed('dpop.replays', cause)
    }
  }

  function urlOf(request: ProvenRequest): string {
    try {
      return requestUrl(request.url)
    } catch (cause) {
      throw optionFailed('dpop.requestUrl', cause)
    }
  }

  async function refuse(refusal: ProofRefusal): Promise<ProofDecision> {
    return { refusal, nonce: isNonceRequired() ? await nonces.current() : undefined }
  }

  async function useOnce(checked: CheckedProof, request: ProvenRequest): Promise<ProofDecision> {
    const proof = await digest(`${request.keyThumbprint} ${checked.id}`)
    const madeAt = checked.nonce === undefined ? undefined : await nonces.madeAt(checked.nonce)
    // From here to the use without a pause, because the memory for replays may be cleared during a pause.
    const isRequired = isNonceRequired()
    if (isRequired && (madeAt === undefined || !nonces.accepts(madeAt))) {
      return await refuse('dpop-nonce-required')
    }
    const use = await useOf(proof, checked)
    if (use === 'replayed') return await refuse('dpop-proof-replayed')
    if (use === 'full') {
      // With a newer nonce in each proof, all proofs until now are invalid and need no place.
      nonces.refuseUntilNow()
      memory.clear()
      nonceRequiredUntil = Math.max(nonceRequiredUntil, clock.nowEpochSeconds() + lifetimeSeconds)
      return await refuse('dpop-nonce-required')
    }
    const needsNonce = isRequired && madeAt !== undefined && nonces.isOld(madeAt)
    return { refusal: undefined, nonce: needsNonce ? await nonces.current() : undefined }
  }

  return {
    algorithms,
    isRequired: options.isRequired ?? false,
    async verify(request) {
      const [proof, ...others] = request.proofs
      if (proof === undefined) return await refuse('dpop-proof-missing')
      if (others.length > 0) return await refuse('dpop-proof-malformed')
      const checked = await checkProof(proof, {
        algorithms,
        method: request.method,
        url: urlOf(request),
        tokenHash: await digest(request.token),
        keyThumbprint: request.keyThumbprint,
        maximumAgeSeconds: maximumProofAgeSeconds,
        clockToleranceSeconds,
        nowEpochSeconds: clock.nowEpochSeconds(),
      })
      return typeof checked === 'string' ? await refuse(checked) : await useOnce(checked, request)
    },
  }
}

/** The URL of a request whose Host and scheme a proxy may have replaced. */
function atOrigin(resource: string, url: string): string {
  const path = url.startsWith('/') ? url : (URL.parse(url)?.pathname ?? '/')
  return `${new URL(resource).origin}${path}`
}

async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return base64url.encode(new Uint8Array(hash))
}
