import Link from '@docusaurus/Link'
import { useState } from 'react'
import type { ReactNode } from 'react'
import type { Field } from '../../playground/input'
import { maximumLinkLength, writeFragment } from '../../playground/link'
import type { SharedState } from '../../playground/link'
import { findPreset, presets } from '../../playground/presets'
import styles from './Playground.module.css'

const groups = ['Start', 'Known mistakes', 'Products'] as const

type Sharing =
  | { readonly kind: 'none' | 'copied' | 'too-long' }
  /** The browser does not let the page copy. */
  | { readonly kind: 'by-hand'; readonly link: string }

/** The choice of a starting point, and the link to the current state. */
export default function PresetBar({
  state,
  onChange,
}: {
  readonly state: SharedState
  readonly onChange: (state: SharedState) => void
}): ReactNode {
  const [sharing, setSharing] = useState<Sharing>({ kind: 'none' })
  const preset = findPreset(state.presetId) ?? presets[0]
  const isChanged = Object.entries(state.input).some(
    ([field, value]) => value !== preset.input[field as Field],
  )

  function choose(id: string): void {
    const chosen = findPreset(id) ?? presets[0]
    setSharing({ kind: 'none' })
    onChange({ presetId: chosen.id, input: chosen.input })
  }

  async function copyLink(): Promise<void> {
    const fragment = writeFragment(state)
    if (fragment === undefined) {
      setSharing({ kind: 'too-long' })
      return
    }
    const link = `${window.location.href.split('#')[0]}#${fragment}`
    // Only now, so that documents of the reader do not get into the history of the browser unasked.
    window.history.replaceState(window.history.state, '', link)
    try {
      await navigator.clipboard.writeText(link)
      setSharing({ kind: 'copied' })
    } catch {
      setSharing({ kind: 'by-hand', link })
    }
  }

  return (
    <div className={styles.presets}>
      <div className={styles.presetRow}>
        <label htmlFor="preset">Preset</label>
        <select
          id="preset"
          value={preset.id}
          aria-describedby="preset-note"
          onChange={(event) => choose(event.target.value)}
        >
          {groups.map((group) => (
            <optgroup key={group} label={group}>
              {presets
                .filter((one) => one.group === group)
                .map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
        {isChanged ? (
          <button
            type="button"
            className="button button--secondary button--sm"
            onClick={() => choose(preset.id)}
          >
            Undo changes
          </button>
        ) : undefined}
        <button
          type="button"
          className="button button--secondary button--sm"
          onClick={() => void copyLink()}
        >
          Copy link
        </button>
      </div>
      <p id="preset-note" className={styles.note}>
        {preset.note}
        {preset.page === undefined ? undefined : (
          <>
            {' '}
            <Link to={preset.page}>What is known about it, with sources</Link>
          </>
        )}
      </p>
      <p role="status" className={styles.shared}>
        {messages[sharing.kind]}
      </p>
      {sharing.kind === 'by-hand' ? (
        <input
          type="text"
          aria-label="Link to this state"
          readOnly
          value={sharing.link}
          onFocus={(event) => event.target.select()}
        />
      ) : undefined}
    </div>
  )
}

const messages: Readonly<Record<Sharing['kind'], string>> = {
  none: '',
  copied:
    'Copied. The state is in the part of the link after #, which browsers never send to a server.',
  'by-hand': 'The browser does not let this page copy. Copy the link by hand:',
  'too-long': `The link would be longer than ${maximumLinkLength.toLocaleString('en')} characters. Shorten the documents.`,
}
