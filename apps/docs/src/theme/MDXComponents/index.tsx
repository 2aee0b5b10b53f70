import MDXComponents from '@theme-original/MDXComponents'
import CodeTabs from '../../components/CodeTabs'
import type { ComponentProps, ReactNode } from 'react'

/** A table scrolls in itself if it is wider than the page. The keyboard can scroll it, too. */
function Table(props: ComponentProps<'table'>): ReactNode {
  return (
    <div className="table-scroll" tabIndex={0}>
      <table {...props} />
    </div>
  )
}

/** Markdown has a header cell for each column. An empty one heads nothing. */
function HeaderCell(props: ComponentProps<'th'>): ReactNode {
  return props.children === undefined ? <td {...props} /> : <th {...props} />
}

export default { ...MDXComponents, table: Table, th: HeaderCell, 'code-tabs': CodeTabs }
