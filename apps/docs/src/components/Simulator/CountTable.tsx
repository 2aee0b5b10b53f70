import { askingDefaults } from '@evergrant/simulation'
import type { Counts, Run } from '@evergrant/simulation'
import type { ReactNode } from 'react'
import styles from './Simulator.module.css'

const rows: readonly (readonly [keyof Counts, string])[] = [
  ['signIns', 'Sign-ins'],
  ['pages', 'Pages opened'],
  ['refreshes', 'Refreshes'],
  ['refusedRefreshes', 'Refused refreshes'],
  ['reuseDetections', 'Sign-ins ended by reuse'],
  ['failedCalls', 'Failed calls'],
]

/** How often things happened, for each client. */
export default function CountTable({ runs }: { readonly runs: readonly Run[] }): ReactNode {
  return (
    <table className={styles.counts}>
      <thead>
        <tr>
          <td></td>
          {runs.map(({ client }) => (
            <th key={client} scope="col">
              {askingDefaults[client].name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, label]) => (
          <tr key={name}>
            <th scope="row">{label}</th>
            {runs.map(({ client, counts }) => (
              <td key={client} data-testid={`${client}-${name}`}>
                {counts[name].toLocaleString('en')}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
