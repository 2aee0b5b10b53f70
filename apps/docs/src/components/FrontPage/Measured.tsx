import Link from '@docusaurus/Link'
import type { ReactNode } from 'react'
import { repository } from '../../../config/repository'

/** From `tests/bench/README.md`, the table of one expiry in one process with ten concurrent calls. */
const oneExpiry: readonly (readonly [
  name: string,
  requests: string,
  lost: string,
  grant: string,
])[] = [
  ['Evergrant', '1', '0 of 10', 'alive'],
  ['MCP SDK 1.x', '19', '9 of 10', 'ended'],
  ['MCP SDK 2.x', '19', '9 of 10', 'ended'],
]

/** What the official SDKs do, and what they leave to the application. */
export default function Measured(): ReactNode {
  return (
    <section aria-labelledby="measured">
      <h2 id="measured">What the official SDKs already do</h2>
      <p>
        They can ask for a refresh token. <code>@modelcontextprotocol/client</code> 2.4.0 declares
        the <code>refresh_token</code> grant by default, and requests <code>offline_access</code>{' '}
        where it is listed if your application declares the grant itself.{' '}
        <code>@modelcontextprotocol/sdk</code> 1.32.2 does either if your application sets it.{' '}
        <Link to={`${repository}/blob/main/apps/samples/test/sdk-requests.test.ts`}>
          Tests measure both
        </Link>
        . Keeping the token is left to your application. Ten concurrent calls when the access token
        expires, at a server that rotates refresh tokens and, without a grace period, ends the grant
        on reuse:
      </p>
      <table>
        <thead>
          <tr>
            <td></td>
            <th scope="col">refresh requests</th>
            <th scope="col">lost calls</th>
            <th scope="col">grant</th>
          </tr>
        </thead>
        <tbody>
          {oneExpiry.map(([name, ...cells]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {cells.map((cell) => (
                <td key={cell}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        <Link to={`${repository}/blob/main/tests/bench/README.md`}>
          More measurements, with the commands that repeat them
        </Link>
        . What would a client request from your servers? See it in the{' '}
        <Link to="/playground">playground</Link>.
      </p>
    </section>
  )
}
