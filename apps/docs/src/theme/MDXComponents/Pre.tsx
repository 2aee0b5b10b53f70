import type { ReactNode } from 'react'
import CodeFigure from '../../components/CodeFigure'
import type { CodeFigureProps } from '../../components/CodeFigure'
import Diagram from '../../components/Diagram'

/** A fenced block, as `config/highlight-code.ts` prepares it. */
export default function Pre(props: CodeFigureProps): ReactNode {
  return props.language === 'mermaid' ? <Diagram html={props.html} /> : <CodeFigure {...props} />
}
