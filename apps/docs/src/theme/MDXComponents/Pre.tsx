import type { ReactNode } from 'react'
import CodeFigure from '../../components/CodeFigure'
import type { CodeFigureProps } from '../../components/CodeFigure'

/** A fenced block, as `config/highlight-code.ts` prepares it. */
export default function Pre(props: CodeFigureProps): ReactNode {
  return <CodeFigure {...props} />
}
