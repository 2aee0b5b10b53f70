import Link from '@docusaurus/Link'
import Layout from '@theme/Layout'
import type { ReactNode } from 'react'
import Assumptions from '../components/Simulator/Assumptions'
import Simulator from '../components/Simulator/Simulator'
import styles from '../components/Simulator/Simulator.module.css'

/** A day of expiries with each client, drawn. */
export default function SimulatorPage(): ReactNode {
  return (
    <Layout
      title="Simulator"
      description="How often users must sign in: the MCP SDKs and Evergrant over a simulated day of expiries, parallel calls, lost responses, sleep and outages."
    >
      <main className={styles.page}>
        <h1>Simulator</h1>
        <p className={styles.lead}>
          What happens when access tokens expire, again and again? The same day, with the defaults
          of the two MCP SDKs and with Evergrant, at a server with your rules. The{' '}
          <Link to="/playground">playground</Link> shows what a client requests before that.
        </p>
        <noscript>
          <p>The settings need JavaScript. Without it, you see the first situation.</p>
        </noscript>
        <Simulator />
        <Assumptions />
      </main>
    </Layout>
  )
}
