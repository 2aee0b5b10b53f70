import { html } from './html.ts'
import type { Page } from './layout.ts'
import { durationInWords } from './words.ts'

/** A page without a form. */
export function messagePage(title: string, text: string, detail?: string): Page {
  return {
    title,
    body: html`<h1>${title}</h1>
      <p>${text}</p>
      ${detail === undefined ? undefined : html`<p class="soft">${detail}</p>`}`,
  }
}

/** A sign-in that cannot continue because the application sent an invalid request. */
export function refusedRequestPage(detail: string): Page {
  return messagePage(
    'This sign-in cannot continue',
    'The application sent a request that this server does not accept. Go back to the ' +
      'application and start again. If it happens again, send the text below to its developers.',
    detail.length > longestDetail ? `${detail.slice(0, longestDetail)}…` : detail,
  )
}

/**
 * An application that is not registered, or no longer.
 *
 * @param unusedSeconds - How long an unused registration is kept.
 */
export function unregisteredPage(unusedSeconds: number): Page {
  return messagePage(
    'This server does not know the application',
    'The application is not registered here. This server removes registrations that are not used ' +
      `for ${durationInWords(unusedSeconds)}. In the application, remove this server and add it ` +
      'again. The application then registers again, and you can sign in.',
    'invalid_client: client is invalid',
  )
}

const longestDetail = 300

/** Confirms the sign-out from this server. `form` is the engine's. */
export function signOutPage(form: string): Page {
  return {
    title: 'Sign out',
    formTargets: 'self',
    body: {
      markup: `<h1>Sign out of this server?</h1>${form}<div class="actions">
        <button form="op.logoutForm">Stay signed in</button>
        <button class="primary" form="op.logoutForm" name="logout" value="yes">Sign out</button>
        </div>`,
    },
  }
}

/** Too many sign-ins from one network. */
export function busyPage(retryAfterSeconds: number): Page {
  const minutes = Math.ceil(retryAfterSeconds / 60)
  return messagePage(
    'Too many sign-ins from your network',
    `Many sign-ins were started from your network address in a short time. Wait ${minutes} ` +
      `${minutes === 1 ? 'minute' : 'minutes'}, go back to the application and start again.`,
  )
}
