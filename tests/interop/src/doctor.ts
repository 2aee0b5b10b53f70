/**
 * `pnpm interop:doctor`: what `evergrant doctor --sign-in --invasive` measures at the reference
 * authorization server and at third-party servers, beside what each is configured to do. The exit code
 * is 0 if every measurement is right, times within a second.
 */
import process from 'node:process'
import { runChecks } from '@evergrant/doctor'
import type { Measurement } from '@evergrant/doctor'
import { headlessSignIn } from '@evergrant/client/headless'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { startMcpServer } from '@evergrant/reference-mcp-server'
import { markdownTable } from './table.ts'
import { startBetterAuth } from './peers/better-auth.ts'
import { startOidcProvider } from './peers/oidc-provider.ts'
import type { Peer } from './peers/peer.ts'
import { startWorkersOAuthProvider } from './peers/workers-oauth-provider.ts'
import { installedVersion } from './versions.ts'

/** What a server is configured to do. */
interface Configured {
  readonly rotation: NonNullable<Measurement['refresh']>['rotation']
  readonly overlapSeconds: number
  /** `unlimited`: until the successor is used. */
  readonly graceSeconds: number | 'unlimited'
  readonly afterGrace?: NonNullable<Measurement['reuse']>['afterGrace']
  readonly accessTokenSeconds: number
  readonly announced?: Readonly<Record<string, number>>
}

interface Trial {
  readonly name: string
  readonly configured: Configured
  readonly run: () => Promise<Measurement | undefined>
}

const maximumWaitSeconds = 12
const day = 86_400

const trials: readonly Trial[] = [
  reference({ graceSeconds: 4, overlapSeconds: 2 }),
  reference({ graceSeconds: 8, overlapSeconds: 0 }),
  reference({ graceSeconds: 0, overlapSeconds: 0 }),
  {
    name: `oidc-provider ${await installedVersion('oidc-provider')}`,
    configured: {
      rotation: 'rotates',
      overlapSeconds: 0,
      graceSeconds: 0,
      afterGrace: 'grant-ended',
      accessTokenSeconds: 3600,
    },
    run: () => measurePeer(startOidcProvider),
  },
  {
    name: `@better-auth/oauth-provider ${await installedVersion('@better-auth/oauth-provider')}`,
    configured: {
      rotation: 'rotates',
      overlapSeconds: 0,
      graceSeconds: 0,
      afterGrace: 'grant-ended',
      accessTokenSeconds: 3600,
    },
    run: () => measurePeer(startBetterAuth),
  },
  {
    name: `@cloudflare/workers-oauth-provider ${await installedVersion('@cloudflare/workers-oauth-provider')}`,
    configured: {
      rotation: 'rotates',
      overlapSeconds: 0,
      graceSeconds: 'unlimited',
      accessTokenSeconds: 3600,
    },
    run: () => measurePeer(startWorkersOAuthProvider),
  },
]

const failures: string[] = []
const rows: (readonly string[])[] = []
for (const { name, configured, run } of trials) {
  const measurement = await run()
  if (measurement === undefined) {
    failures.push(`${name}: nothing was measured`)
    continue
  }
  failures.push(...mistakes(measurement, configured).map((mistake) => `${name}: ${mistake}`))
  const { refresh, reuse, accessToken, announced, revocation, cleanUp } = measurement
  const announcedText = Object.entries(announced).map(
    ([member, seconds]) => `${member} ${seconds} s`,
  )
  rows.push([
    name,
    refresh?.rotation ?? '–',
    `${refresh?.overlap?.seconds ?? '–'} s (${configured.overlapSeconds} s)`,
    `${reuse?.grace.isAtLeast === true ? 'at least ' : ''}${reuse?.grace.seconds ?? '–'} s (${configured.graceSeconds}${configured.graceSeconds === 'unlimited' ? '' : ' s'})`,
    reuse?.afterGrace ?? '–',
    `${accessToken.expiresInSeconds ?? '–'} s (${configured.accessTokenSeconds} s)`,
    announcedText.join(', ') || '–',
    revocation.outcome,
    `${cleanUp.revoked} of ${cleanUp.grants}`,
  ])
}
process.stdout.write(
  markdownTable(
    'What the doctor measures (in parentheses: what is configured)',
    [
      'server',
      'rotation',
      'overlap',
      'grace',
      'then',
      'access token',
      'announced',
      'revocation',
      'revoked grants',
    ],
    rows,
  ),
)
process.stdout.write(`\n${failures.map((line) => `✗ ${line}\n`).join('')}`)
process.stdout.write(
  failures.length === 0 ? 'All as configured.\n' : `${failures.length} not as configured.\n`,
)
process.exit(failures.length === 0 ? 0 : 1)

function reference(rules: {
  readonly graceSeconds: number
  readonly overlapSeconds: number
}): Trial {
  const lifetimes = {
    refreshTokenIdleSeconds: 3 * day,
    refreshTokenLifetimeSeconds: 30 * day,
    accessTokenLifetimeSeconds: 120,
  }
  return {
    name: `evergrant-as --grace ${rules.graceSeconds} --overlap ${rules.overlapSeconds}`,
    configured: {
      rotation: 'rotates',
      ...rules,
      afterGrace: 'grant-ended',
      accessTokenSeconds: lifetimes.accessTokenLifetimeSeconds,
      announced: { refresh_token_timeout: 3 * day, authorization_expires_in: 30 * day },
    },
    async run() {
      const authorizationServer = await startAuthorizationServer({
        demo: true,
        ...lifetimes,
        ...rules,
      })
      const mcpServer = await startMcpServer({ authorizationServer: authorizationServer.issuer })
      try {
        return await measure(mcpServer.url, { signIn: headlessSignIn() })
      } finally {
        await mcpServer.close()
        await authorizationServer.close()
      }
    },
  }
}

async function measurePeer(start: () => Promise<Peer>): Promise<Measurement | undefined> {
  const peer = await start()
  try {
    return await measure(peer.resource.url, { signIn: peer.signIn })
  } finally {
    await peer.close()
  }
}

async function measure(
  url: string,
  { signIn }: Pick<Peer, 'signIn'>,
): Promise<Measurement | undefined> {
  const { report } = await runChecks(url, {
    measure: { signIn, invasive: true, maximumWaitSeconds },
  })
  return report.measurement
}

function mistakes(
  { refresh, reuse, accessToken, announced, cleanUp, revocation }: Measurement,
  configured: Configured,
): readonly string[] {
  const { graceSeconds, overlapSeconds } = configured
  const within = (measured: number | undefined, right: number): boolean =>
    measured !== undefined && Math.abs(measured - right) <= 1
  const checks: readonly (readonly [string, boolean])[] = [
    ['rotation', refresh?.rotation === configured.rotation],
    ['overlap', within(refresh?.overlap?.seconds, overlapSeconds)],
    [
      'grace',
      graceSeconds === 'unlimited'
        ? reuse?.grace.isAtLeast === true
        : within(reuse?.grace.seconds, graceSeconds),
    ],
    ['what follows the grace', reuse?.afterGrace === configured.afterGrace],
    [
      'lifetime of the access token',
      within(accessToken.expiresInSeconds, configured.accessTokenSeconds),
    ],
    [
      'announced lifetimes',
      Object.entries(configured.announced ?? {}).every(([member, seconds]) =>
        within(announced[member], seconds),
      ),
    ],
    ['clean-up', revocation.outcome === 'not-offered' || cleanUp.revoked === cleanUp.grants],
  ]
  return checks.filter(([, isRight]) => !isRight).map(([what]) => `${what} is not as configured`)
}
