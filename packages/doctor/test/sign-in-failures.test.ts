import { headlessSignIn } from '@evergrant/client/headless'
import {
  startProtectedServer,
  startScriptedAuthorizationServer,
  startServer,
  virtualClock,
} from '@evergrant/test-kit'
import type { ScriptedAuthorizationServerOptions } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { runChecks } from '../src/index.ts'
import type { CheckOptions, CheckResult } from '../src/index.ts'

/** A clock on which waiting takes no time. */
function steppingClock() {
  const virtual = virtualClock(1_790_000_000)
  return {
    nowEpochSeconds: () => virtual.nowEpochSeconds(),
    sleep(milliseconds: number) {
      virtual.advanceSeconds(milliseconds / 1000)
      return Promise.resolve()
    },
  }
}

interface Attempt {
  readonly result: CheckResult | Error
  readonly grants: number
  readonly alive: number
}

async function attempt(
  options: Pick<CheckOptions, 'fetch' | 'signal'> & {
    readonly signIn?: NonNullable<CheckOptions['measure']>['signIn']
    readonly server?: ScriptedAuthorizationServerOptions
  },
): Promise<Attempt> {
  const clock = steppingClock()
  await using as = await startScriptedAuthorizationServer({ clock, ...options.server })
  await using mcp = await startProtectedServer(as, { clock })
  const measure = {
    signIn: options.signIn ?? headlessSignIn(),
    clock,
    invasive: true,
    maximumWaitSeconds: 20,
  }
  const { fetch, signal } = options
  const result = await runChecks(mcp.resource, { clock, fetch, signal, measure }).catch(
    (error: unknown) => error as Error,
  )
  const grants = as.grants()
  return {
    result,
    grants: grants.length,
    alive: grants.filter(({ id }) => as.isGrantAlive(id)).length,
  }
}

/** A `fetch` that does something after the answer to a matching form. */
function after(
  grantType: string,
  change: (response: Response) => Response | Promise<Response>,
): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    const form = new URLSearchParams(typeof init?.body === 'string' ? init.body : '')
    const read = init?.body instanceof URLSearchParams ? init.body : form
    // The check without a sign-in sends a token request without a code.
    const isMeant = read.has('client_id') && read.get('grant_type') === grantType
    return isMeant ? await change(response) : response
  }
}

test('sign-in: revokes the grant if the user interrupts the code exchange', async () => {
  const interruption = new AbortController()
  const { result, grants, alive } = await attempt({
    signal: interruption.signal,
    fetch: after('authorization_code', (response) => {
      interruption.abort()
      return response
    }),
  })
  expect(result).toBeInstanceOf(Error)
  expect({ grants, alive }).toEqual({ grants: 1, alive: 0 })
})

test('sign-in: revokes the grant if the client refuses the token response', async () => {
  const { result, grants, alive } = await attempt({
    fetch: after('authorization_code', async (response) => {
      const body = Object(await response.json())
      return Response.json({ ...body, token_type: 'mac' })
    }),
  })
  expect(result).toBeInstanceOf(Error)
  expect({ grants, alive }).toEqual({ grants: 1, alive: 0 })
})

test('sign-in: deletes the registered client if the user closes the page', async () => {
  const deleted: (string | undefined)[] = []
  await using configuration = await startServer((request, response) => {
    deleted.push(`${request.method} ${request.headers.authorization}`)
    response.writeHead(204).end()
  })
  const { result } = await attempt({
    signIn: {
      kind: 'interactive',
      prepare: () =>
        Promise.resolve({
          redirectUri: 'http://127.0.0.1:9/callback',
          authorize: () => Promise.reject(new Error('The page was closed.')),
          close: () => Promise.resolve(),
        }),
    },
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (typeof init?.body !== 'string' || !init.body.includes('redirect_uris')) return response
      return Response.json(
        {
          ...Object(await response.json()),
          registration_client_uri: configuration.url,
          registration_access_token: 'registration-token',
        },
        { status: 201 },
      )
    },
  })
  expect(result).toBeInstanceOf(Error)
  expect(deleted).toEqual(['DELETE Bearer registration-token'])
})

test.each([429, 503])(
  'sign-in: status %i says nothing about a superseded token',
  { tags: ['A-06'] },
  async (status) => {
    let answers = 0
    const { result } = await attempt({
      server: { graceSeconds: 10 },
      // Every third refresh meets the limit.
      fetch: after('refresh_token', (response) => {
        answers += 1
        return answers > 10 && answers % 3 === 0 ? new Response('', { status }) : response
      }),
    })
    if (result instanceof Error) throw result
    const { measurement, findings } = result.report
    expect(Math.abs((measurement?.reuse?.grace.seconds ?? 0) - 10)).toBeLessThanOrEqual(1)
    // "status 429" and not "429": a port or a number of seconds may contain the digits.
    expect(findings.filter(({ message }) => message.includes(`status ${status}`))).toEqual([])
  },
)

test('sign-in: measures an unattended client, and revokes its token', async () => {
  const clientSecret = 'a-long-client-secret'
  const clock = steppingClock()
  await using as = await startScriptedAuthorizationServer({
    clock,
    clients: [{ clientId: 'robot', clientSecret }],
  })
  await using mcp = await startProtectedServer(as, { clock })
  const { report } = await runChecks(mcp.resource, {
    clock,
    measure: {
      signIn: { kind: 'client-credentials' },
      client: {
        name: 'robot',
        preRegistered: { [as.issuer]: { clientId: 'robot', clientSecret } },
      },
      clock,
    },
  })
  expect(report.measurement).toMatchObject({
    registration: 'pre-registered',
    isPublicClient: false,
    refreshToken: 'not-issued',
    cleanUp: { grants: 1, revoked: 1, client: 'none' },
  })
  expect(JSON.stringify(report)).not.toContain(clientSecret)
})

test('sign-in: sends no token to a revocation endpoint without https', async () => {
  const sent: string[] = []
  const clock = steppingClock()
  await using as = await startScriptedAuthorizationServer({ clock })
  as.overrideMetadata({ revocation_endpoint: 'http://as.example/revoke' })
  await using mcp = await startProtectedServer(as, { clock })
  const { report } = await runChecks(mcp.resource, {
    clock,
    fetch: async (input, init) => {
      sent.push(input instanceof Request ? input.url : input.toString())
      return await fetch(input, init)
    },
    measure: { signIn: headlessSignIn(), clock, maximumWaitSeconds: 20 },
  })
  expect(sent.filter((url) => url.includes('as.example'))).toEqual([])
  expect(report.measurement?.revocation.outcome).toBe('not-offered')
})
