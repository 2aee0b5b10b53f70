import type { ClientEvent } from '@evergrant/client'

/** What an event of a session says, and the requirements behind it. */
export function decisionOf(
  event: ClientEvent,
): { readonly text: string; readonly requirements: readonly string[] } | undefined {
  switch (event.type) {
    case 'refresh-started':
      return { text: `Refresh: ${reasons[event.reason]}.`, requirements: ['C-51', 'C-55'] }
    case 'refresh-succeeded':
      return {
        text: `New tokens are saved before use${event.rotated ? ', with a new refresh token' : ''}.`,
        requirements: ['C-52'],
      }
    case 'refresh-adopted':
      return { text: 'Another process had refreshed: its tokens are used.', requirements: ['C-51'] }
    case 'refresh-failed':
      return {
        text: `The refresh returned no tokens (${event.oauthError ?? event.outcome}).`,
        requirements: ['C-53'],
      }
    case 'refresh-deferred':
      return { text: `No refresh now: ${event.because}.`, requirements: ['C-54'] }
    case 'refresh-recovering':
      return { text: 'An unfinished refresh is repeated.', requirements: ['C-51'] }
    case 'lock-waited':
      return { text: `The lock of the grant: ${event.outcome}.`, requirements: ['C-51'] }
    case 'save-failed':
      return { text: 'The tokens could not be saved yet.', requirements: ['C-52'] }
    case 'scope-narrowed':
      return {
        text: `The server did not grant: ${event.missingScopes.join(' ')}.`,
        requirements: ['C-56'],
      }
    case 'grant-ended':
      return { text: `The grant ended (${event.reason}).`, requirements: ['C-53'] }
    case 'grant-expiring':
      return { text: `The ${event.expires} ends soon (${event.source}).`, requirements: ['C-58'] }
    case 'assumption-made':
      return { text: `Assumed: ${event.assumption.message}`, requirements: [] }
    case 'client-registered-again':
      return { text: `A new client is registered (${event.reason}).`, requirements: ['C-37'] }
    case 'sign-in-fallback':
      return { text: event.explanation, requirements: ['C-08'] }
    case 'signed-in':
      return {
        text: `Signed in. The refresh token was ${event.refreshToken === 'issued' ? 'issued' : 'not issued'}.`,
        requirements: ['C-05'],
      }
    case 'signed-out':
      return { text: `Signed out. Revocation: ${event.revocation}.`, requirements: ['C-57'] }
  }
  return undefined
}

const reasons = {
  'ahead-of-expiry': 'the access token expires soon',
  expired: 'the access token has expired',
  rejected: 'the MCP server rejected the access token',
  recovery: 'the result of an earlier refresh is not known',
} as const
