import { lazy, Suspense, useEffect, useState } from 'react'
import type { ReactNode } from 'react'
import styles from './styles.module.css'

// Most readers of a page do not search: the dialog comes with the first use.
const SearchDialog = lazy(() => import('../../components/Search/SearchDialog'))

/** Opens the search by click, with `/`, or with Ctrl+K or ⌘K. */
export default function SearchBar(): ReactNode {
  const [isOpen, setIsOpen] = useState(false)

  useEffect(() => {
    function onKeyDown(event: KeyboardEvent): void {
      const isShortcut = event.key === 'k' && (event.ctrlKey || event.metaKey)
      const isSlash = event.key === '/' && !isTyping(event.target)
      if (!isShortcut && !isSlash) return
      event.preventDefault()
      setIsOpen(true)
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [])

  return (
    <>
      <button
        type="button"
        className={styles.open}
        aria-haspopup="dialog"
        aria-keyshortcuts="/ Control+K Meta+K"
        onClick={() => setIsOpen(true)}
      >
        Search
      </button>
      {isOpen ? (
        <Suspense>
          <SearchDialog onClose={() => setIsOpen(false)} />
        </Suspense>
      ) : undefined}
    </>
  )
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select') !== null
}
