import Link from '@docusaurus/Link'
import useBaseUrl from '@docusaurus/useBaseUrl'
import { useEffect, useRef, useState } from 'react'
import type { KeyboardEvent, ReactNode } from 'react'
import { loadSearchIndex } from './index-loader'
import type { FoundPage } from './index-loader'
import styles from './SearchDialog.module.css'

const maximumPages = 8
const maximumSections = 3
const pauseMilliseconds = 150

type Outcome =
  | { readonly kind: 'empty' | 'unavailable' }
  | { readonly kind: 'found'; readonly total: number; readonly pages: readonly FoundPage[] }

/** The search as a dialog. It calls `onClose` when the reader is done. */
export default function SearchDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const baseUrl = useBaseUrl('/')
  const dialog = useRef<HTMLDialogElement>(null)
  const [term, setTerm] = useState('')
  const [outcome, setOutcome] = useState<Outcome>({ kind: 'empty' })

  useEffect(() => dialog.current?.showModal(), [])

  useEffect(() => {
    let isCurrent = true
    async function search(): Promise<void> {
      const index = await loadSearchIndex(baseUrl)
      const found = await index.debouncedSearch(term, {}, pauseMilliseconds)
      if (found === null || !isCurrent) return
      const pages = await Promise.all(found.results.slice(0, maximumPages).map((one) => one.data()))
      if (isCurrent) setOutcome({ kind: 'found', total: found.results.length, pages })
    }
    if (term.trim() === '') setOutcome({ kind: 'empty' })
    else search().catch(() => isCurrent && setOutcome({ kind: 'unavailable' }))
    return () => {
      isCurrent = false
    }
  }, [term, baseUrl])

  return (
    <dialog
      ref={dialog}
      className={styles.dialog}
      aria-label="Search"
      onClose={onClose}
      onKeyDown={(event) => {
        // In a search field, Escape would only clear the text.
        if (event.key === 'Escape') {
          event.preventDefault()
          onClose()
        } else moveFocus(event)
      }}
      onClick={(event) => {
        // The backdrop belongs to the dialog; its content does not.
        if (event.target === event.currentTarget) onClose()
      }}
    >
      <div className={styles.content}>
        <input
          className={styles.input}
          type="search"
          aria-label="Search this site"
          placeholder="Search: an error code, a symptom, a provider …"
          value={term}
          onChange={(event) => setTerm(event.target.value)}
        />
        <p className={styles.status} role="status">
          {statusOf(outcome)}
        </p>
        {outcome.kind === 'found' ? (
          <ul className={styles.results}>
            {outcome.pages.map((page) => (
              <Result key={page.url} page={page} onFollow={onClose} />
            ))}
          </ul>
        ) : undefined}
      </div>
    </dialog>
  )
}

function Result({
  page,
  onFollow,
}: {
  readonly page: FoundPage
  readonly onFollow: () => void
}): ReactNode {
  const { title, section } = page.meta
  const parts = page.sub_results.filter(({ url }) => url !== page.url).slice(0, maximumSections)
  return (
    <li>
      <Link to={page.url} onClick={onFollow}>
        <strong>{title}</strong> <span className={styles.section}>{section}</span>
      </Link>
      <p className={styles.excerpt} dangerouslySetInnerHTML={{ __html: page.excerpt }} />
      {parts.length === 0 ? undefined : (
        <ul>
          {parts.map((part) => (
            <li key={part.url}>
              <Link to={part.url} onClick={onFollow}>
                {part.title}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </li>
  )
}

function statusOf(outcome: Outcome): string {
  if (outcome.kind !== 'found') {
    return outcome.kind === 'empty'
      ? ''
      : 'The search index cannot be loaded. It exists only in a built site.'
  }
  if (outcome.total === 0) return 'Nothing found. Try fewer words, or an error code alone.'
  return outcome.total === 1 ? '1 page' : `${outcome.total} pages`
}

/** Arrow keys go through the results, from the input and back to it. */
function moveFocus(event: KeyboardEvent<HTMLDialogElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined) return
  const stops = Array.from(event.currentTarget.querySelectorAll<HTMLElement>('input, a'))
  const next = stops[stops.indexOf(document.activeElement as HTMLElement) + step]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}
