import Layout from '@theme/Layout'
import type { ReactNode } from 'react'

export default function SimulatorPage(): ReactNode {
  return (
    <Layout title="Simulator" description="-">
      <main>x</main>
    </Layout>
  )
}
