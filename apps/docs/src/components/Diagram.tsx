import type { ReactNode } from 'react'
import styles from './Diagram.module.css'

export interface DiagramProps {
  /** The SVG, made when the site is built. It carries its text alternative. */
  readonly html: string
}

/** A drawing that scrolls in itself if it is wider than the page. */
export default function Diagram({ html }: DiagramProps): ReactNode {
  return <div className={styles.diagram} tabIndex={0} dangerouslySetInnerHTML={{ __html: html }} />
}
