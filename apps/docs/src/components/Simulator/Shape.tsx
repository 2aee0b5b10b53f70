import type { SimulationEvent } from '@evergrant/simulation'
import type { ReactNode } from 'react'
import styles from './Simulator.module.css'

/** Shapes differ, not only colors. Kinds without a shape are counted, and not drawn. */
const shapes: Partial<Record<SimulationEvent['kind'], ReactNode>> = {
  refreshed: <line y1="-6" y2="6" className={styles.refreshed} />,
  replayed: <circle r="4" className={styles.replayed} />,
  refused: <path d="M-4,-4 L4,4 M-4,4 L4,-4" className={styles.refused} />,
  'reuse-detected': <path d="M0,-7 L6.5,5 L-6.5,5 z" className={styles.reuse} />,
  'response-lost': <path d="M-4,-4 H4 V4 H-4 z" className={styles.lost} />,
  unavailable: <path d="M-4,0 H4" className={styles.unavailable} />,
  killed: <path d="M0,-6 L6,0 L0,6 L-6,0 z" className={styles.killed} />,
  restarted: <path d="M-3,-5 L5,0 L-3,5 z" className={styles.restarted} />,
  'signed-in': <line y1="-8" y2="8" className={styles.signInLine} />,
}

/** The sign of an event, around the origin. */
export default function Shape({ kind }: { readonly kind: SimulationEvent['kind'] }): ReactNode {
  return shapes[kind]
}
