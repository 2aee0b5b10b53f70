import Link from '@docusaurus/Link'
import type { ReactNode } from 'react'
import styles from './FrontPage.module.css'

const doors: readonly {
  readonly title: string
  readonly text: string
  readonly links: readonly (readonly [label: string, to: string])[]
}[] = [
  {
    title: 'You build a client',
    text: 'Put a session between your SDK and fetch. Any number of calls, processes and machines share one sign-in.',
    links: [
      ['Clients', '/guides/clients'],
      ['Gateways with many users', '/guides/many-users'],
      ['Replace mcp-remote', '/guides/migrate-from-mcp-remote'],
      ['Sign in without a browser', '/guides/without-a-browser'],
    ],
  },
  {
    title: 'You run an MCP server',
    text: 'Verify each token once, challenge correctly, and leave offline_access out.',
    links: [
      ['MCP servers', '/guides/mcp-servers'],
      ['Users are asked every hour', '/guides/test-expiry'],
      ['Ask the doctor about your server', '/guides/doctor'],
    ],
  },
  {
    title: 'You run an authorization server',
    text: 'Issue and rotate refresh tokens so that a lost response does not end a grant.',
    links: [
      ['You build your own', '/guides/authorization-servers'],
      ['You run a product', '/guides/run-a-product'],
      ['What to switch on at your product', '/providers'],
      ['How products behave', '/reference/emulated-servers'],
    ],
  },
]

/** Where each reader goes on. */
export default function Doors(): ReactNode {
  return (
    <section aria-labelledby="doors">
      <h2 id="doors">Where to go</h2>
      <ul className={styles.doors}>
        {doors.map(({ title, text, links }) => (
          <li key={title}>
            <h3>{title}</h3>
            <p>{text}</p>
            <ul>
              {links.map(([label, to]) => (
                <li key={to}>
                  <Link to={to}>{label}</Link>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
      <p>
        You are asked to sign in again and again, and you build none of these? Start with{' '}
        <Link to="/guides/troubleshooting">Troubleshooting</Link>, or with{' '}
        <Link to="/providers">the page of your authorization server</Link>: Entra ID, Okta, Auth0,
        Keycloak, Google and others.
      </p>
    </section>
  )
}
