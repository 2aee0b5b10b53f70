import type { SimulationEvent } from '@evergrant/simulation'
import type { ReactNode } from 'react'
import { eventWords } from '../../simulator/words'
import Shape from './Shape'
import styles from './Simulator.module.css'

const drawn: readonly SimulationEvent['kind'][] = [
  'refreshed',
  'replayed',
  'refused',
  'reuse-detected',
  'response-lost',
  'unavailable',
  'killed',
  'restarted',
  'signed-in',
]

/** What the signs mean. */
export default function Legend(): ReactNode {
  return (
    <ul className={styles.legend} aria-label="Legend">
      {drawn.map((kind) => (
        <li key={kind}>
          <svg width="18" height="18" viewBox="-9 -9 18 18" aria-hidden="true">
            <Shape kind={kind} />
          </svg>
          {eventWords[kind]}
        </li>
      ))}
      <li>
        <svg width="18" height="18" aria-hidden="true">
          <rect width="18" height="18" className={styles.sleep} />
        </svg>
        the machine sleeps
      </li>
      <li>
        <svg width="18" height="18" aria-hidden="true">
          <rect width="18" height="18" className={styles.outage} />
        </svg>
        the server answers with status 503
      </li>
    </ul>
  )
}
