import Link from '@docusaurus/Link'
import type { ReactNode } from 'react'
import styles from './Playground.module.css'

/** Links to the requirements that a rule implements. */
export default function RequirementLinks({ ids }: { readonly ids: readonly string[] }): ReactNode {
  return ids.map((id) => (
    <span key={id} className={styles.requirement}>
      <Link to={`/reference/requirements#${id.toLowerCase()}`} aria-label={`Requirement ${id}`}>
        {id}
      </Link>
    </span>
  ))
}
