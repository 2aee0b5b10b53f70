import Link from '@docusaurus/Link'
import type { ReactNode } from 'react'

/** What a reader with an old or mistyped link can do. */
export default function NotFoundContent(): ReactNode {
  return (
    <main className="container margin-vert--xl markdown">
      <h1>This page does not exist</h1>
      <p>
        It may have moved. Press <kbd>/</kbd> to search for it, or start here:
      </p>
      <ul>
        <li>
          <Link to="/guides/troubleshooting">Find out why sign-ins end</Link>
        </li>
        <li>
          <Link to="/guides/clients">Keep a client signed in</Link>
        </li>
        <li>
          <Link to="/reference/errors">Look up an error code</Link>
        </li>
        <li>
          <Link to="/">Front page</Link>
        </li>
      </ul>
    </main>
  )
}
