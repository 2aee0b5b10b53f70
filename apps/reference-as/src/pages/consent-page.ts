import { applicationRow } from './application-row.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import type { Page } from './layout.ts'
import { isolated } from './views.ts'
import type { ClientView, FormView } from './views.ts'
import { durationInWords } from './words.ts'

/** RFC 8628 §5.4: an attacker can send a code of their own device to a user. */
export const deviceWarning: Html = html`<p class="warn">
  This gives another device access to your account. Continue only if you started this sign-in
  yourself, on a device that you use. If you received the code or a link in a message, do not
  continue.
</p>`

/** The consent form. */
export function consentPage(
  view: FormView & {
    readonly client: ClientView
    readonly username: string
    /** The resources that the permissions are for. */
    readonly resources: readonly string[]
    /** What is requested, in words, one line each. */
    readonly permissions: readonly string[]
    /** How long the client can stay signed in. Absent when no refresh token will be issued. */
    readonly refreshTokenSeconds: number | undefined
    /** Where the user can end the access. */
    readonly accountUrl: string
  },
): Page {
  const { client } = view
  return {
    title: `Allow ${client.name}?`,
    formTargets: view.formTargets,
    body: html`<h1>Allow ${isolated(client.name)} to use your account?</h1>
      <dl>
        ${applicationRow(client)}
        ${
          client.redirectTarget === undefined
            ? html`<dt>Used on</dt>
                <dd><strong>the device that shows the code</strong></dd>`
            : html`<dt>The response goes to</dt>
                <dd><strong>${client.redirectTarget}</strong></dd>`
        }
        ${
          view.resources.length === 0
            ? undefined
            : html`<dt>Used with</dt>
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
        // A-10: the policy that issues the token decides this too, so the page is always right.
        view.refreshTokenSeconds === undefined
          ? html`<p class="soft">You will be asked again when this access expires.</p>`
          : html`<p class="note">
              It stays signed in while you are away, for up to
              ${durationInWords(view.refreshTokenSeconds)}. You can end this at any time at
              <a href="${view.accountUrl}" target="_blank" rel="noopener">${view.accountUrl}</a>.
            </p>`
      }
      ${client.redirectTarget === undefined ? deviceWarning : undefined}
      ${
        client.isLocal
          ? html`<p class="warn">
              The response goes to a program on this computer. Any program on it can claim to be
              ${isolated(client.name)}. Continue only if you have just started this sign-in
              yourself.
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
