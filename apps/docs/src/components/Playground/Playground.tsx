import { useEffect, useMemo, useState } from 'react'
import type { ReactNode } from 'react'
import { evaluate } from '../../playground/evaluate'
import type { PlaygroundInput } from '../../playground/input'
import { readFragment } from '../../playground/link'
import type { SharedState } from '../../playground/link'
import { presets } from '../../playground/presets'
import ClientFields from './ClientFields'
import DocumentFields from './DocumentFields'
import PresetBar from './PresetBar'
import Results from './Results'
import Summary from './Summary'
import styles from './Playground.module.css'

const [first] = presets
const initial: SharedState = { presetId: first.id, input: first.input }

/**
 * The inputs and what a client makes of them. Built without JavaScript, it shows the first preset.
 */
export default function Playground(): ReactNode {
  const [state, setState] = useState(initial)
  const evaluation = useMemo(() => evaluate(state.input), [state.input])

  useEffect(() => {
    function readLink(): void {
      const shared = readFragment(window.location.hash)
      if (shared !== undefined) setState(shared)
    }
    readLink()
    window.addEventListener('hashchange', readLink)
    return () => window.removeEventListener('hashchange', readLink)
  }, [])

  function change(changed: Partial<PlaygroundInput>): void {
    setState(({ presetId, input }) => ({ presetId, input: { ...input, ...changed } }))
  }

  const fields = { input: state.input, evaluation, onChange: change }
  return (
    <>
      <PresetBar state={state} onChange={setState} />
      <Summary evaluation={evaluation} />
      <div className={styles.columns}>
        <form className={styles.inputs} onSubmit={(event) => event.preventDefault()}>
          <h2>What the client finds</h2>
          <DocumentFields {...fields} />
          <ClientFields {...fields} />
        </form>
        <section className={styles.results} aria-labelledby="results">
          <h2 id="results">What the client does</h2>
          <Results input={state.input} evaluation={evaluation} />
        </section>
      </div>
    </>
  )
}
