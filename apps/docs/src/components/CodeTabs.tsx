import TabItem from '@theme/TabItem'
import Tabs from '@theme/Tabs'
import { Children } from 'react'
import type { ReactNode } from 'react'

export interface CodeTabsProps {
  /** Blocks of one group show the same choice, on all pages. */
  readonly group: string
  /** One line for each block. */
  readonly labels: string
  readonly children: ReactNode
}

/**
 * Blocks of which a reader needs one, as `config/tab-groups.ts` prepares them. The others are not part
 * of the page until they are chosen, so that a phone has less to lay out.
 */
export default function CodeTabs({ group, labels, children }: CodeTabsProps): ReactNode {
  const blocks = Children.toArray(children)
  return (
    <Tabs groupId={group} lazy>
      {labels.split('\n').map((label, index) => (
        <TabItem key={label} value={label} label={label}>
          {blocks[index]}
        </TabItem>
      ))}
    </Tabs>
  )
}
