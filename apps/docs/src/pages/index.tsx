import Layout from '@theme/Layout'
import type { ReactNode } from 'react'
import Doors from '../components/FrontPage/Doors'
import Hero from '../components/FrontPage/Hero'
import Measured from '../components/FrontPage/Measured'
import Month from '../components/FrontPage/Month'
import Race from '../components/FrontPage/Race'
import styles from '../components/FrontPage/FrontPage.module.css'

/** What this is, whom it is for, what goes wrong without it, and where to go. */
export default function FrontPage(): ReactNode {
  return (
    <Layout description="Why MCP sign-ins end, and how to make them last. The reference implementation of SEP-2207 in TypeScript.">
      <main className={styles.page}>
        <Hero />
        <Month />
        <Race />
        <Measured />
        <Doors />
      </main>
    </Layout>
  )
}
