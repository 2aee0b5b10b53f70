import { listPartitions, listSessions } from '@evergrant/client'
import type { App } from '../connection/app.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { describeSession } from '../status/details.ts'
import { needsSignIn, reportOn } from '../status/report.ts'
import type { SessionReport } from '../status/report.ts'
import { statusTable } from '../status/table.ts'
import type { CommonFlags } from './runner.ts'
import { commandName } from '../names.ts'

/** Options of `evergrant status`. */
export interface StatusFlags extends CommonFlags {
  readonly check?: boolean | undefined
}

/** Shows the state of all sign-ins, or of one. */
export async function status(
  serverUrl: string | undefined,
  flags: StatusFlags,
  app: App,
): Promise<CommandOutcome> {
  const pendingRevocations = await app.retryRevocations()
  const { sessions, unreadable } =
    serverUrl === undefined
      ? await reportAll(app)
      : { sessions: [await reportOn(serverUrl, app.profile, app)], unreadable: [] }
  const { home, key, environment } = app
  const now = Date.now() / 1000
  // A user who signed out needs no sign-in, unless this server is the question.
  const asked = sessions.filter(({ state }) => serverUrl !== undefined || state !== 'signed-out')
  const isReady = asked.length > 0 && asked.every((session) => !needsSignIn(session, now))
  const table =
    serverUrl === undefined && sessions.length > 0
      ? statusTable(sessions, now, environment.stdoutTerminal?.columns)
      : undefined
  // The table has the sign-ins at a glance, and the details say what to do about the others.
  const detailed =
    table === undefined ? sessions : sessions.filter((session) => hasMoreToSay(session, now))
  return {
    exitCode: flags.check === true && !isReady ? exitCodes.checkFailed : exitCodes.done,
    document: {
      home: home.folder,
      key: { kind: key.kind, source: key.source },
      ...(flags.check === true ? { signInNeeded: !isReady } : {}),
      sessions,
      unreadable,
      pendingRevocations,
    },
    text: [
      `Store: ${home.storeFolder}, encrypted with the key in ${key.source}`,
      ...(table === undefined ? [] : [`\n${table}`]),
      ...detailed.map((session) => `\n${describeSession(session, now)}`),
      ...(sessions.length === 0
        ? [`\nNo stored sign-in. Run: ${commandName} login <mcp-url>`]
        : []),
      ...unreadable.map(({ message }) => `\n${message}`),
      ...(pendingRevocations === 0 ? [] : [`\nRevocations pending: ${pendingRevocations}`]),
    ].join('\n'),
  }
}

function hasMoreToSay(session: SessionReport, now: number): boolean {
  return needsSignIn(session, now) || session.refusal !== undefined
}

/** Without a profile, the sign-ins of all profiles. */
async function reportAll(app: App): Promise<{
  readonly sessions: readonly SessionReport[]
  readonly unreadable: readonly { readonly code: string; readonly message: string }[]
}> {
  const { partitions, unreadable } = app.hasProfile
    ? { partitions: [app.profile], unreadable: [] }
    : await listPartitions(app.store)
  const errors = new Set(unreadable)
  const sessions: SessionReport[] = []
  for (const profile of partitions) {
    const listed = await listSessions(app.store, profile)
    for (const error of listed.unreadable) errors.add(error)
    for (const url of listed.serverUrls) sessions.push(await reportOn(url, profile, app))
  }
  // A record of a later version is not set aside, so each listing reports it.
  const reported = new Map(
    Array.from(errors, ({ code, message }) => [message, { code, message }] as const),
  )
  return { sessions, unreadable: [...reported.values()] }
}
