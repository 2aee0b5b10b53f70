import { html } from './html.ts'
import type { Page } from './layout.ts'
import { isolated } from './views.ts'
import type { ClientView, FormView } from './views.ts'

/** The sign-in form. */
export function signInPage(
  view: FormView & {
    /** The application to continue to. Absent when the user signs in to the account page. */
    readonly client: ClientView | undefined
    readonly username: string
    /** Set after a failed attempt. */
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
        // Canceling leads there, so the user must see it first.
        client === undefined
          ? undefined
          : html`<p class="soft">
              ${
                client.redirectTarget === undefined
                  ? 'You sign in on another device.'
                  : html`The response goes to <strong>${client.redirectTarget}</strong>`
              }
            </p>`
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
