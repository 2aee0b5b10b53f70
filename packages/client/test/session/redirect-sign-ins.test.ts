import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { findSignIn } from '../../src/index.ts'
import { scene } from '../support/signed-in-session.ts'

test(
  'redirect sign-in: the call fails with an authorization URL, and any session over the store finishes the sign-in once',
  { tags: ['C-35', 'C-36', 'C-39'] },
  async () => {
    await using it = await scene()
    const redirect = { kind: 'redirect', redirectUri: 'https://app.test/callback' } as const
    const here = it.session({ signIn: redirect })
    const required = await authorizedFetch(here)(it.server.resource).catch(
      (error: unknown) => error as { code: string; authorizationUrl: string },
    )
    expect(required).toMatchObject({ code: 'SIGN_IN_REQUIRED', signInReason: 'never-signed-in' })
    if (!('authorizationUrl' in required)) throw new Error('there is no authorization URL')
    await expect(here.signIn()).rejects.toMatchObject({
      authorizationUrl: required.authorizationUrl,
    })

    const answer = await fetch(required.authorizationUrl, { redirect: 'manual' })
    const callbackUrl = answer.headers.get('location') ?? ''
    expect(await findSignIn(it.store, callbackUrl)).toEqual({
      serverUrl: here.serverUrl,
      partition: 'default',
    })
    const anotherUser = it.session({ signIn: redirect, partition: 'another-user' })
    await expect(anotherUser.completeSignIn(callbackUrl)).rejects.toMatchObject({
      code: 'AUTHORIZATION_RESPONSE_INVALID',
    })
    const there = it.session({ signIn: redirect })
    expect(await there.completeSignIn(callbackUrl)).toMatchObject({ refreshToken: 'issued' })
    await expect(there.completeSignIn(callbackUrl)).rejects.toMatchObject({
      code: 'AUTHORIZATION_RESPONSE_INVALID',
    })
    expect((await authorizedFetch(here)(it.server.resource)).status).toBe(200)
  },
)

test(
  'redirect sign-in: a response with another issuer is not used, and its error is not shown',
  { tags: ['C-35'] },
  async () => {
    await using it = await scene()
    const redirect = { kind: 'redirect', redirectUri: 'https://app.test/callback' } as const
    const session = it.session({ signIn: redirect })
    const required = await session
      .signIn()
      .catch((error: unknown) => error as { authorizationUrl: string })
    if (!('authorizationUrl' in required)) throw new Error('there is no authorization URL')
    const state = new URL(required.authorizationUrl).searchParams.get('state') ?? ''
    const callbackUrl = new URL('https://app.test/callback')
    callbackUrl.search = new URLSearchParams({
      state,
      iss: 'https://evil.test',
      error: 'access_denied',
      error_description: 'call 555-1234 to continue',
    }).toString()
    const refusal = await session
      .completeSignIn(callbackUrl.href)
      .catch((error: unknown) => String(error))
    expect(refusal).toContain('comes from another server')
    expect(refusal).not.toContain('555-1234')
    expect(it.as.count('token')).toBe(0)
  },
)
