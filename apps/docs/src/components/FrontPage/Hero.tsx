import Link from '@docusaurus/Link'
import type { ReactNode } from 'react'
import CodeFigure from '../CodeFigure'
import styles from './FrontPage.module.css'

/** As HTML. */
const demo =
  'git clone https://github.com/evergrant/evergrant &amp;&amp; cd evergrant &amp;&amp; npx -y pnpm@12.21.0 demo'

export default function Hero(): ReactNode {
  return (
    <header className={styles.hero}>
      <h1>MCP sign-ins that last</h1>
      <p className={styles.lead}>
        Sign in once. You are not asked again until the authorization server ends the grant.
      </p>
      <p>
        Evergrant is the reference implementation of{' '}
        <Link to="/sep-2207">SEP-2207, refresh tokens for the Model Context Protocol</Link>, in
        TypeScript: packages for clients, MCP servers and authorization servers, and a doctor that
        says why your users are signed out.
      </p>
      <p>
        See it keep a sign-in over ten expiries, in two minutes, with nothing but Node.js and git:
      </p>
      <CodeFigure html={demo} language="sh" />
      <p>
        <Link className="button button--primary" to="/tutorial">
          Start the tutorial
        </Link>{' '}
        <Link className="button button--secondary" to="/guides/troubleshooting">
          Find out why sign-ins end
        </Link>
      </p>
    </header>
  )
}
