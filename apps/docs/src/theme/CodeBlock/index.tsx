import type { ReactNode } from 'react'

/** Code that the theme shows, such as in its error page. Pages use `MDXComponents/Pre`. */
export default function CodeBlock({ children }: { readonly children?: ReactNode }): ReactNode {
  return (
    <pre>
      <code>{children}</code>
    </pre>
  )
}
