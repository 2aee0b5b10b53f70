import type { ServerResponse } from 'node:http'

/** The response of an endpoint, before a fault changes it. */
export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * A scripted fault. Each request takes the next one from its endpoint's queue. "Commit" is the
 * moment when the server changes its state: a code is redeemed, a token rotated.
 */
export type Fault =
  /** No fault for this request. Later entries of the queue are for later requests. */
  | { readonly kind: 'pass' }
  /** The connection closes before commit. */
  | { readonly kind: 'drop-before-commit' }
  /** The connection closes after commit: the response is lost. */
  | { readonly kind: 'drop-after-commit' }
  /** A TCP reset, before commit. */
  | { readonly kind: 'reset' }
  /** This response instead of the real one, before commit unless `afterCommit`. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
      readonly afterCommit?: boolean
    }
  /** No response. With `until`, the request continues when that promise settles. */
  | { readonly kind: 'hang'; readonly afterCommit?: boolean; readonly until?: Promise<unknown> }
  /** A login page with status 200, as captive portals send it, before commit. */
  | { readonly kind: 'html'; readonly status?: number }
  /** Headers and half of the body. The rest follows when `until` settles, otherwise never. */
  | { readonly kind: 'slow-body'; readonly until?: Promise<unknown> }
  /** A redirect instead of a response, before commit. Default status 307. */
  | { readonly kind: 'redirect'; readonly location: string; readonly status?: number }
  /** The real response after this much whitespace (default 16 MiB). */
  | { readonly kind: 'huge'; readonly bytes?: number }
  /** Status 400 without a body, as one product answers an invalid refresh token, before commit. */
  | { readonly kind: 'empty-400' }
  /** An OAuth error: JSON with status 400, or a redirect at the authorization endpoint. */
  | { readonly kind: 'oauth-error'; readonly error: string; readonly description?: string }
  /** The real response without these members (or redirect parameters). */
  | { readonly kind: 'omit'; readonly fields: readonly string[] }
  /** The real response with these members (or redirect parameters) replaced. */
  | { readonly kind: 'merge'; readonly fields: Readonly<Record<string, unknown>> }

/**
 * Answers a request with a fault.
 *
 * @param commit - Does the endpoint's work and returns its real response.
 */
export async function answerWithFault(
  response: ServerResponse,
  fault: Fault,
  commit: () => Promise<Reply>,
): Promise<void> {
  switch (fault.kind) {
    case 'pass':
      send(response, await commit())
      return
    case 'drop-before-commit':
      response.destroy()
      return
    case 'drop-after-commit':
      await commit()
      response.destroy()
      return
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'status':
      if (fault.afterCommit === true) await commit()
      send(response, {
        status: fault.status,
        ...(fault.headers === undefined ? {} : { headers: fault.headers }),
        body: fault.body ?? '',
      })
      return
    case 'hang': {
      if (fault.afterCommit === true) {
        const reply = await commit()
        if (await settled(fault.until)) send(response, reply)
      } else if (await settled(fault.until)) send(response, await commit())
      return
    }
    case 'html':
      send(response, {
        status: fault.status ?? 200,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: '<!doctype html><title>Sign in to the network</title><h1>Welcome</h1>',
      })
      return
    case 'slow-body': {
      const reply = await commit()
      const half = Math.floor(reply.body.length / 2)
      response.writeHead(reply.status, reply.headers)
      response.write(reply.body.slice(0, half))
      if (await settled(fault.until)) response.end(reply.body.slice(half))
      return
    }
    case 'redirect':
      send(response, {
        status: fault.status ?? 307,
        headers: { location: fault.location },
        body: '',
      })
      return
    case 'huge': {
      const reply = await commit()
      send(response, { ...reply, body: `${' '.repeat(fault.bytes ?? 16_777_216)}${reply.body}` })
      return
    }
    case 'empty-400':
      send(response, { status: 400, body: '' })
      return
    case 'oauth-error':
      send(response, {
        status: 400,
        headers: jsonHeaders,
        body: JSON.stringify({ error: fault.error, error_description: fault.description }),
      })
      return
    case 'omit': {
      const { fields } = fault
      send(
        response,
        rewrite(await commit(), (name, value) => (fields.includes(name) ? undefined : value)),
      )
      return
    }
    case 'merge': {
      const { fields } = fault
      send(
        response,
        rewrite(
          await commit(),
          (name, value) => (Object.hasOwn(fields, name) ? fields[name] : value),
          fields,
        ),
      )
      return
    }
  }
}

/** Headers of every JSON response that may contain a token (RFC 6749 §5.1). */
export const jsonHeaders: Readonly<Record<string, string>> = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
}

function send(response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return
  response.writeHead(reply.status, reply.headers)
  response.end(reply.body)
}

async function settled(until: Promise<unknown> | undefined): Promise<boolean> {
  if (until === undefined) return false
  await until.catch(() => undefined)
  return true
}

/** Changes the members of a JSON response, or the query parameters of a redirect. */
function rewrite(
  reply: Reply,
  change: (name: string, value: unknown) => unknown,
  added: Readonly<Record<string, unknown>> = {},
): Reply {
  const location = reply.headers?.['location']
  if (location !== undefined) {
    const url = new URL(location)
    for (const name of new Set([...url.searchParams.keys(), ...Object.keys(added)])) {
      const value = change(name, url.searchParams.get(name) ?? undefined)
      if (value === undefined) url.searchParams.delete(name)
      else url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value))
    }
    return { ...reply, headers: { ...reply.headers, location: url.href } }
  }
  const parsed: unknown = JSON.parse(reply.body)
  const before = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : []
  const members = Object.entries({ ...Object.fromEntries(before), ...added })
  const after = members.map(([name, value]) => [name, change(name, value)])
  return { ...reply, body: JSON.stringify(Object.fromEntries(after)) }
}
