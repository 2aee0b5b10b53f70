import type { ReactNode } from 'react'
import Link from '@docusaurus/Link'
import styles from './FrontPage.module.css'

/** The most frequent cause of a lost sign-in, drawn. */
export default function Race(): ReactNode {
  return (
    <section aria-labelledby="race">
      <h2 id="race">What goes wrong without it</h2>
      <p>
        With rotation, a refresh token is valid for one request. Two calls that notice the expiry at
        the same time both send it. Many servers take the second request for that of a thief, and
        end the grant.
      </p>
      <div className={styles.lanes}>
        <Lanes
          title="Each call refreshes"
          outcome="The user signs in again."
          bad
          steps={[
            ['call A', 'token endpoint', 'refresh with RT 1'],
            ['token endpoint', 'call A', 'RT 2'],
            ['call B', 'token endpoint', 'refresh with RT 1'],
            ['token endpoint', 'call B', 'invalid_grant: RT 1 and RT 2 end'],
          ]}
        />
        <Lanes
          title="Evergrant: one refresh for all callers and processes"
          outcome="The user notices nothing."
          steps={[
            ['call A', 'token endpoint', 'refresh with RT 1'],
            ['call B', 'call A', 'waits for the same refresh'],
            ['token endpoint', 'call A', 'RT 2, saved before use'],
            ['call A', 'call B', 'the same access token'],
          ]}
        />
      </div>
      <p>
        Races are one of the ways to lose a grant. Others are a lost response, a crash between the
        server’s commit and the client’s save, and a temporary error that is taken for the end. With{' '}
        <Link to="/explanation/refresh-transaction">the refresh transaction</Link>, races and
        temporary errors end no grant. After a lost response or a crash, the client sends the same
        token once more. That saves the grant at a server with a{' '}
        <Link to="/guides/authorization-servers">grace period</Link>. At a server without one, no
        client can save it. <Link to="/simulator">The simulator</Link> shows a day with each client.
      </p>
    </section>
  )
}

type Lane = 'call A' | 'call B' | 'token endpoint'
type Step = readonly [from: Lane, to: Lane, label: string]

const lanes: Readonly<Record<Lane, number>> = { 'call A': 60, 'call B': 200, 'token endpoint': 360 }
const firstStep = 62
const stepHeight = 44

function Lanes({
  title,
  steps,
  outcome,
  bad = false,
}: {
  readonly title: string
  readonly steps: readonly Step[]
  readonly outcome: string
  readonly bad?: boolean
}): ReactNode {
  const bottom = firstStep + steps.length * stepHeight
  const marker = bad ? 'arrow-bad' : 'arrow-good'
  const told = steps.map(([from, to, label]) => `${from} to ${to}: ${label}.`).join(' ')
  return (
    <figure className={bad ? styles.bad : styles.good}>
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 420 ${bottom}`} role="img" aria-label={`${told} ${outcome}`}>
        <defs>
          <marker id={marker} markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">
            <path d="M0,0 L8,4 L0,8 z" className={styles.arrowHead} />
          </marker>
        </defs>
        {Object.entries(lanes).map(([name, x]) => (
          <g key={name}>
            <text x={x} y="20" textAnchor="middle" className={styles.laneName}>
              {name}
            </text>
            <line x1={x} y1="30" x2={x} y2={bottom} className={styles.lane} />
          </g>
        ))}
        {steps.map(([from, to, label], index) => {
          const y = firstStep + index * stepHeight
          const middle = (lanes[from] + lanes[to]) / 2
          return (
            <g key={label + from}>
              <line
                x1={lanes[from]}
                y1={y}
                x2={lanes[to]}
                y2={y}
                className={styles.arrow}
                markerEnd={`url(#${marker})`}
              />
              <text x={Math.min(Math.max(middle, 130), 290)} y={y - 7} textAnchor="middle">
                {label}
              </text>
            </g>
          )
        })}
      </svg>
      <p>
        <strong>{outcome}</strong>
      </p>
    </figure>
  )
}
