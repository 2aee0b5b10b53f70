import { drawScenario, simulate } from '@evergrant/simulation'
import type { ClientId } from '@evergrant/simulation'
import { useDeferredValue, useEffect, useMemo, useState } from 'react'
import type { ReactNode } from 'react'
import { defaultSettings, readSettings, simulationSettings } from '../../simulator/settings'
import type { SimulatorSettings } from '../../simulator/settings'
import { summarize } from '../../simulator/words'
import CountTable from './CountTable'
import Drawing from './Drawing'
import Legend from './Legend'
import SettingsForm from './SettingsForm'
import styles from './Simulator.module.css'

const clients: readonly ClientId[] = ['sdk-v1', 'sdk-v2', 'ours']

/** The settings, and the same time with each client. */
export default function Simulator(): ReactNode {
  const [settings, setSettings] = useState(defaultSettings)
  // A run takes longer than a key should: the fields do not wait for it.
  const shown = useDeferredValue(settings)
  const { scenario, runs } = useMemo(() => simulateAll(shown), [shown])

  useEffect(() => {
    function readLink(): void {
      const shared = readSettings(window.location.hash)
      if (shared !== undefined) setSettings(shared)
    }
    readLink()
    window.addEventListener('hashchange', readLink)
    return () => window.removeEventListener('hashchange', readLink)
  }, [])

  return (
    <>
      <p role="status" className={styles.summary}>
        {summarize(runs, shown.hours)}
      </p>
      <div className={styles.columns}>
        <SettingsForm settings={settings} onChange={setSettings} />
        <section className={styles.results} aria-labelledby="result">
          <h2 id="result">What happens</h2>
          <CountTable runs={runs} />
          {runs.map((run) => (
            <Drawing key={run.client} run={run} scenario={scenario} />
          ))}
          <Legend />
        </section>
      </div>
    </>
  )
}

function simulateAll(settings: SimulatorSettings) {
  const scenario = drawScenario(simulationSettings(settings))
  return { scenario, runs: clients.map((client) => simulate(client, scenario)) }
}
