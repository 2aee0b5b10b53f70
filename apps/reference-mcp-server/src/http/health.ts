import type { NotesStore } from '../notes/notes-store.ts'

export const healthPath = '/healthz'

/** Answers a monitor, without a token: whether the server answers, and whether its database does. */
export function healthResponse(request: Request, store: NotesStore): Response {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
  }
  const isAvailable = store.isAvailable()
  return Response.json(
    { status: isAvailable ? 'ok' : 'database-unavailable' },
    { status: isAvailable ? 200 : 503, headers: { 'cache-control': 'no-store' } },
  )
}
