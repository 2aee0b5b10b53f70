import type { SimulationEvent } from '@evergrant/simulation'
import type { ReactNode } from 'react'
import styles from './Simulator.module.css'

/** The sign of an event, around the origin. Shapes differ, not only colors. */
export default function Shape({ kind }: { readonly kind: SimulationEvent['kind'] }): ReactNode {
  switch (kind) {
    case 'refreshed':
      return <line y1="-6" y2="6" className={styles.refreshed} />
    case 'replayed':
      return <circle r="4" className={styles.replayed} />
    case 'refused':
      return <path d="M-4,-4 L4,4 M-4,4 L4,-4" className={styles.refused} />
    case 'reuse-detected':
      return <path d="M0,-7 L6.5,5 L-6.5,5 z" className={styles.reuse} />
    case 'response-lost':
      return <path d="M-4,-4 H4 V4 H-4 z" className={styles.lost} />
    case 'unavailable':
      return <path d="M-4,0 H4" className={styles.unavailable} />
    case 'killed':
      return <path d="M0,-6 L6,0 L0,6 L-6,0 z" className={styles.killed} />
    case 'restarted':
      return <path d="M-3,-5 L5,0 L-3,5 z" className={styles.restarted} />
    case 'signed-in':
      return <line y1="-8" y2="8" className={styles.signInLine} />
    case 'page-opened':
    case 'call-failed':
      return undefined
  }
}
