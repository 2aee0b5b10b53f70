import Layout from '@theme/Layout'
import Link from '@docusaurus/Link'
import type { ReactNode } from 'react'
import Playground from '../components/Playground/Playground'
import styles from '../components/Playground/Playground.module.css'

/** The rules of `@evergrant/core`, run in the reader's browser. */
export default function PlaygroundPage(): ReactNode {
  return (
    <Layout
      title="Playground"
      description="See which scope an MCP client requests, why, and how long the sign-in lasts. Paste your own challenge and metadata."
    >
      <main className={styles.page}>
        <h1>Playground</h1>
        <p className={styles.lead}>
          Which scope does a client request from your servers, why, and how long does the sign-in
          last? Choose a preset, or paste your own challenge and metadata. The rules of{' '}
          <Link to="/reference/api/core">@evergrant/core</Link> run in your browser, and nothing
          that you type leaves it.
        </p>
        <noscript>
          <p>The fields need JavaScript. Without it, you see the decision for the first preset.</p>
        </noscript>
        <Playground />
        <p className={styles.lead}>
          See also: <Link to="/simulator">what happens when the access token expires</Link>.
        </p>
      </main>
    </Layout>
  )
}
