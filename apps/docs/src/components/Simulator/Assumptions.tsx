import Link from '@docusaurus/Link'
import { defaultTiming } from '@evergrant/simulation'
import type { ReactNode } from 'react'
import { repository } from '../../../config/repository'

const measured = `${repository}/blob/main/packages/simulation/test/measured.test.ts`
const requests = `${repository}/blob/main/apps/samples/test/sdk-requests.test.ts`

/** What the model takes for granted, and how it is checked. */
export default function Assumptions(): ReactNode {
  return (
    <section aria-labelledby="assumptions">
      <h2 id="assumptions">What the simulation assumes</h2>
      <ul>
        <li>
          <strong>SDKs.</strong> The versions 1.32.2 and 2.4.0, with the token provider of their
          examples and one token file for all processes. The application sets nothing about refresh
          tokens: by default, 1.x declares no <code>refresh_token</code> grant, 2.x declares it, and
          neither requests <code>offline_access</code> (<a href={requests}>measured</a>).
        </li>
        <li>
          Each call that gets a 401 refreshes for itself. After <code>invalid_grant</code>, the SDK
          deletes the stored tokens and tries once more with what is stored by then. A lost response
          or a status of 503 opens the authorization page.
        </li>
        <li>
          <strong>Evergrant.</strong>{' '}
          <Link to="/explanation/refresh-transaction">The refresh transaction</Link> over one store.
          It refreshes up to five minutes before the expiry, and repeats a refresh whose response
          was lost. Calls wait for a sign-in. With the SDKs, they fail.
        </li>
        <li>
          <strong>Servers.</strong> The MCP server accepts an access token until it expires, also
          after the end of the sign-in. During an outage, the authorization server still serves its
          metadata.
        </li>
        <li>
          <strong>The user</strong> signs in {defaultTiming.signInSeconds} seconds after the first
          page opens, or as soon as the machine is awake and the server answers. Pages that are open
          at the same time count as one sign-in.
        </li>
        <li>
          <strong>Time.</strong> A call takes {defaultTiming.callSeconds} seconds on average, a
          refresh {defaultTiming.refreshSeconds}, the metadata that the SDKs request before it{' '}
          {defaultTiming.discoverySeconds}. A killed process starts again after{' '}
          {defaultTiming.restartSeconds} seconds. A process that starts, and every process of a
          machine that wakes up, calls at once.
        </li>
        <li>
          <strong>Chance.</strong> Calls and faults come at random times, which the seed repeats.
          All clients meet the same ones.
        </li>
        <li>
          <strong>Not simulated:</strong> wrong clocks, several machines, other token providers, and
          ends of a grant that no client can avoid, such as a revocation.
        </li>
      </ul>
      <p>
        The model is checked: <a href={measured}>a test</a> runs the real SDKs and the real client
        of Evergrant against a server on loopback, in the same situations. The numbers of refreshes,
        refusals and sign-ins must be equal. Where the order of parallel requests decides, the test
        checks that at least one refresh is refused and the user must sign in. In an outage, the
        number of refreshes may differ.
      </p>
    </section>
  )
}
