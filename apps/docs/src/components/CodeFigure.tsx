import { useRef, useState } from 'react'
import type { ReactNode } from 'react'
import styles from './CodeFigure.module.css'

export interface CodeFigureProps {
  /** The highlighted code, made when the site is built. */
  readonly html: string
  readonly language: string
  readonly title?: string
  /** The file in which the code is tested. */
  readonly href?: string
}

/** Code with its file name and a button that copies it. */
export default function CodeFigure({ html, language, title, href }: CodeFigureProps): ReactNode {
  const code = useRef<HTMLElement>(null)
  const [state, setState] = useState<'Copy' | 'Copied' | 'Not copied'>('Copy')

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(code.current?.textContent ?? '')
      setState('Copied')
    } catch {
      // The browser refuses it outside of secure contexts, and without the permission.
      setState('Not copied')
    }
    setTimeout(() => setState('Copy'), 2000)
  }

  return (
    <figure className={styles.figure} data-language={language}>
      {title === undefined ? undefined : (
        <figcaption className={styles.title}>
          {href === undefined ? title : <a href={href}>{title}</a>}
        </figcaption>
      )}
      <pre className={styles.code} tabIndex={0}>
        <code ref={code} dangerouslySetInnerHTML={{ __html: html }} />
      </pre>
      <button type="button" className={styles.copy} onClick={() => void copy()} aria-live="polite">
        {state}
      </button>
    </figure>
  )
}
