import { applicationRow } from './application-row.ts'
import { deviceWarning } from './consent-page.ts'
import { html } from './html.ts'
import type { Page } from './layout.ts'

/** The form of the engine, and the token with which it recognizes the form. */
interface DeviceForm {
  readonly action: string
  readonly xsrf: string
}

/** Where the user enters the code that a device shows. */
export function userCodePage(
  view: DeviceForm & {
    /** Filled in, from the URL that the device shows. */
    readonly userCode: string
    /** Set after a failed attempt. */
    readonly problem: string | undefined
  },
): Page {
  return {
    title: 'Enter the code',
    formTargets: 'self',
    body: html`<h1>Enter the code that your device shows</h1>
      ${view.problem === undefined ? undefined : html`<p class="warn" role="alert">${view.problem}</p>`}
      <form method="post" action="${view.action}">
        <input type="hidden" name="xsrf" value="${view.xsrf}" />
        <label for="user_code">Code</label>
        <input
          id="user_code"
          name="user_code"
          value="${view.userCode}"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          maxlength="32"
          required
          autofocus
        />
        <div class="actions">
          <button class="primary" type="submit">Continue</button>
        </div>
      </form>`,
  }
}

/** Where the user compares the code, and sees which application asks. */
export function confirmDevicePage(
  view: DeviceForm & {
    readonly userCode: string
    readonly client: { readonly name: string; readonly verifiedHost: string | undefined }
  },
): Page {
  const { client } = view
  return {
    title: 'Compare the code',
    formTargets: 'self',
    body: html`<h1>Does your device show this code?</h1>
      <p class="code">${view.userCode}</p>
      <dl>${applicationRow(client)}</dl>
      ${deviceWarning}
      <form method="post" action="${view.action}">
        <input type="hidden" name="xsrf" value="${view.xsrf}" />
        <input type="hidden" name="user_code" value="${view.userCode}" />
        <input type="hidden" name="confirm" value="yes" />
        <div class="actions">
          <button type="submit" name="abort" value="yes">Cancel</button>
          <button class="primary" type="submit">Continue</button>
        </div>
      </form>`,
  }
}
