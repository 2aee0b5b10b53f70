import { html } from './html.ts'
import type { Html } from './html.ts'
import type { Page } from './layout.ts'

/** What a page says about the application that asks. */
export interface ClientView {
  /** `client_name`, or the client's id where it has none. */
  readonly name: string
  /** The host its metadata was fetched from; absent where the client only says who it is. */
  readonly verifiedHost: string | undefined
  /** The host, or the app's URL scheme, that the answer goes to. */
  readonly redirectTarget: string
  /** The answer goes to a program on the user's machine: any program on it could ask in this name. */
  readonly isLocal: boolean
}

interface FormView {
  readonly action: string
  readonly csrf: string
  readonly formTargets: Page['formTargets']
}

/** The sign-in form. */
export function signInPage(
  view: FormView & {
    /** The application to go on to; absent where the user signs in to see the account page. */
    readonly client: ClientView | undefined
    readonly username: string
    /** Set after an attempt that failed. */
    readonly problem: string | undefined
  },
): Page {
  const { client } = view
  const heading =
    client === undefined
      ? 'Sign in to see which applications stay signed in'
      : html`Sign in to continue to ${isolated(client.name)}`
  return {
    title: 'Sign in',
    formTargets: view.formTargets,
    body: html`<h1>${heading}</h1>
      ${
        // Cancelling leads there, so that it is said before.
        client === undefined
          ? undefined
          : html`<p class="soft">The answer goes to <strong>${client.redirectTarget}</strong></p>`
      }
      ${view.problem === undefined ? undefined : html`<p class="warn" role="alert">${view.problem}</p>`}
      <form method="post" action="${view.action}">
        <input type="hidden" name="csrf" value="${view.csrf}" />
        <label for="username">User name</label>
        <input
          id="username"
          name="username"
          value="${view.username}"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
          ${view.username === '' ? html`autofocus` : undefined}
        />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          ${view.username === '' ? undefined : html`autofocus`}
        />
        <div class="actions">
          <button class="primary" type="submit" name="decision" value="sign-in">Sign in</button>
          ${
            client !== undefined
              ? html`<button type="submit" name="decision" value="cancel" formnovalidate>
                  Cancel
                </button>`
              : undefined
          }
        </div>
      </form>`,
  }
}

/** The consent form. */
export function consentPage(
  view: FormView & {
    readonly client: ClientView
    readonly username: string
    /** All that the answer is for: what the permissions are given at. */
    readonly resources: readonly string[]
    /** What is asked for, in words, one line each. */
    readonly permissions: readonly string[]
    /** Longest time of access while away; absent when no refresh token will be issued. */
    readonly lastingSeconds: number | undefined
    /** Where lasting access is ended. */
    readonly accountUrl: string
  },
): Page {
  const { client } = view
  return {
    title: `Allow ${client.name}?`,
    formTargets: view.formTargets,
    body: html`<h1>Allow ${isolated(client.name)} to use your account?</h1>
      <dl>
        <dt>Application</dt>
        <dd>
          ${isolated(client.name)}
          <br /><span class="soft"
            >${
              client.verifiedHost === undefined
                ? 'This name was given by the application itself and is not verified.'
                : html`Published at <strong>${client.verifiedHost}</strong>`
            }</span
          >
        </dd>
        <dt>The answer goes to</dt>
        <dd><strong>${client.redirectTarget}</strong></dd>
        ${
          view.resources.length === 0
            ? undefined
            : html`<dt>To be used with</dt>
                ${view.resources.map((resource) => html`<dd>${isolated(resource)}</dd>`)}`
        }
        <dt>Signed in as</dt>
        <dd>${isolated(view.username)}</dd>
      </dl>
      <h2>It will be able to</h2>
      <ul>
        ${view.permissions.map((permission) => html`<li>${permission}</li>`)}
      </ul>
      ${
        // A-10: said exactly when it is so; the policy that issues the token decides this too.
        view.lastingSeconds === undefined
          ? html`<p class="soft">You will be asked again when this access runs out.</p>`
          : html`<p class="note">
              It stays signed in while you are away, for up to
              ${durationInWords(view.lastingSeconds)}. You can end this at any time at
              <a href="${view.accountUrl}" target="_blank" rel="noopener">${view.accountUrl}</a>.
            </p>`
      }
      ${
        client.isLocal
          ? html`<p class="warn">
              The answer goes to a program on this computer. Any program on it can claim to be
              ${isolated(client.name)}. Go on only if you have just started this sign-in yourself.
            </p>`
          : undefined
      }
      <form method="post" action="${view.action}">
        <input type="hidden" name="csrf" value="${view.csrf}" />
        <div class="actions">
          <button type="submit" name="decision" value="deny">Deny</button>
          <button class="primary" type="submit" name="decision" value="allow">Allow</button>
        </div>
      </form>`,
  }
}

/** One sign-in on the page that lists them. */
export interface GrantView {
  readonly grantId: string
  readonly clientName: string
  /** Where the answer to its authorization went; absent where that is not known. */
  readonly redirectTarget: string | undefined
  readonly permissions: readonly string[]
  readonly resources: readonly string[]
  readonly lastUsed: Date
  readonly expires: Date
}

/** The page on which a person ends applications' lasting access. */
export function grantsPage(
  view: Omit<FormView, 'formTargets'> & {
    readonly username: string
    readonly grants: readonly GrantView[]
    readonly ended: boolean
  },
): Page {
  return {
    title: 'Applications that stay signed in',
    formTargets: 'self',
    body: html`<h1>Applications that stay signed in</h1>
      <p class="soft">Signed in as ${view.username}</p>
      ${
        view.ended
          ? html`<p class="note" role="status">
              The sign-in has ended. What the application holds already may work for a few minutes
              more.
            </p>`
          : undefined
      }
      ${view.grants.length === 0 ? html`<p>No application is signed in while you are away.</p>` : undefined}
      ${view.grants.map(
        (grant) =>
          html`<section aria-label="${grant.clientName}">
            <h2>${isolated(grant.clientName)}</h2>
            <ul>
              ${grant.permissions.map((permission) => html`<li>${permission}</li>`)}
            </ul>
            <p class="soft">
              ${grant.resources.map((resource) => html`For ${resource}<br />`)}${
                grant.redirectTarget === undefined
                  ? undefined
                  : html`The answer went to ${grant.redirectTarget}<br />`
              }Last
              renewed ${day(grant.lastUsed)}, ends ${day(grant.expires)} if it is not used
            </p>
            <form method="post" action="${view.action}">
              <input type="hidden" name="csrf" value="${view.csrf}" />
              <input type="hidden" name="grant" value="${grant.grantId}" />
              <button type="submit" name="decision" value="end">
                End access of ${isolated(grant.clientName)}
              </button>
            </form>
          </section>`,
      )}`,
  }
}

function day(date: Date): Html {
  const iso = date.toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 10)}</time>`
}

/** Text of others: in a script that runs from right to left they move nothing around them. */
function isolated(text: string): Html {
  return html`<bdi>${text}</bdi>`
}

/** A page with nothing to do on it: errors and farewells. */
export function messagePage(title: string, text: string, detail?: string): Page {
  return {
    title,
    body: html`<h1>${title}</h1>
      <p>${text}</p>
      ${detail === undefined ? undefined : html`<p class="soft">${detail}</p>`}`,
  }
}

/** Why a sign-in cannot go on that an application started with a request it must not send. */
export function refusedRequestPage(detail: string): Page {
  return messagePage(
    'This sign-in cannot go on',
    'The application sent a request that this server does not accept. Go back to the ' +
      'application and start again; if it happens again, tell its makers what it says below.',
    detail.length > longestDetail ? `${detail.slice(0, longestDetail)}…` : detail,
  )
}

/**
 * An application that is not, or no longer, registered here.
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

const scopeWords: Readonly<Record<string, string>> = {
  openid: 'Know which account you signed in with',
  'mcp:read': 'Read data through the tools of this server',
  'mcp:write': 'Change data through the tools of this server',
  'mcp:admin': 'Administer this server, which includes reading and changing data',
}

/**
 * What a scope token lets a client do, in words a person would use.
 *
 * @param own - Words of whoever runs the server; they go first.
 */
export function describeScope(scope: string, own: Readonly<Record<string, string>>): string {
  const words = { ...scopeWords, ...own }
  return (Object.hasOwn(words, scope) ? words[scope] : undefined) ?? `Use the permission “${scope}”`
}

/** A span of time in words: never longer than it is, and in units that say how long it is. */
export function durationInWords(seconds: number): string {
  const units = [
    ['day', 86_400],
    ['hour', 3600],
  ] as const
  const [unit, length] = units.find(([, one]) => seconds >= 2 * one) ?? ['minute', 60]
  const count = Math.max(1, Math.floor(seconds / length))
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
