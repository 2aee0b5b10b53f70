import { html } from './html.ts'
import type { Html } from './html.ts'
import type { Page } from './layout.ts'

/** What a page says about the application that requests access. */
export interface ClientView {
  /** `client_name`, or the client's ID. */
  readonly name: string
  /** The host its metadata was fetched from. Absent when the client's identity is not verified. */
  readonly verifiedHost: string | undefined
  /** The host, or the app's URL scheme, that the response goes to. Absent with a device code. */
  readonly redirectTarget: string | undefined
  /** The response goes to a program on this machine, where any program can use this name. */
  readonly isLocal: boolean
}

/** What every form needs. */
export interface FormView {
  readonly action: string
  readonly csrf: string
  readonly formTargets: Page['formTargets']
}

/** Remote text, isolated so that right-to-left text does not reorder the text around it. */
export function isolated(text: string): Html {
  return html`<bdi>${text}</bdi>`
}
