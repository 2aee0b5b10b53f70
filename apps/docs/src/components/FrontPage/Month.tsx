import Link from '@docusaurus/Link'
import type { ReactNode } from 'react'
import month from './month.json'

const situations: Readonly<Record<string, string>> = {
  nothing: 'nothing goes wrong',
  sleep: 'the laptop sleeps',
  restarts: 'processes restart',
  'lost-responses': 'responses are lost',
  outages: 'the server is out',
  everything: 'everything',
}

/** The headline: sign-ins in 30 simulated days, from the last run of `pnpm simulate`. */
export default function Month(): ReactNode {
  const { products, totals } = month
  return (
    <section aria-labelledby="month">
      <h2 id="month">A month in a minute</h2>
      <p>
        30 simulated days at {products} products that issue refresh tokens, with four processes that
        share a sign-in. How often does the user sign in? One sign-in for each product is {products}
        .
      </p>
      <table>
        <thead>
          <tr>
            <td></td>
            <th scope="col">forced by the servers</th>
            <th scope="col">Evergrant</th>
            <th scope="col">mcp-remote</th>
            <th scope="col">MCP SDK 2.x</th>
            <th scope="col">MCP SDK 1.x</th>
            <th scope="col">and asking for offline_access</th>
          </tr>
        </thead>
        <tbody>
          {totals.map(({ situation, forced, clients }) => (
            <tr key={situation}>
              <th scope="row">{situations[situation]}</th>
              <td>{forced}</td>
              <td>
                <strong>{clients.ours}</strong>
              </td>
              <td>{clients['mcp-remote']}</td>
              <td>{clients['sdk-v2']}</td>
              <td>{clients['sdk-v1']}</td>
              <td>{clients['sdk-v1-offline']}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        <code>pnpm simulate</code> runs the real SDKs and the real client over virtual time, and the
        rule of mcp-remote as a model.{' '}
        <Link to="/explanation/a-month-in-a-minute">Every product, and what is assumed</Link>.
      </p>
    </section>
  )
}
