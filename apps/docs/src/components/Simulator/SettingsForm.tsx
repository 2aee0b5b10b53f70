import { useState } from 'react'
import type { ReactNode } from 'react'
import { limits, lists, situations, withinLimits, writeSettings } from '../../simulator/settings'
import type { ListName, NumberName, SimulatorSettings } from '../../simulator/settings'
import styles from './Simulator.module.css'

interface FormProps {
  readonly settings: SimulatorSettings
  readonly onChange: (settings: SimulatorSettings) => void
}

/** Everything that can be set. */
export default function SettingsForm(props: FormProps): ReactNode {
  return (
    <form onSubmit={(event) => event.preventDefault()}>
      <h2>Settings</h2>
      <Situation {...props} />
      <fieldset className={styles.group}>
        <legend>Authorization server</legend>
        <List {...props} name="accessTokenSeconds" label="An access token lives for" />
        <List {...props} name="refreshTokenFor" label="A refresh token goes to" />
        <List {...props} name="rotation" label="The refresh token" />
        <List {...props} name="reuse" label="A used refresh token" />
        <List {...props} name="graceSeconds" label="Grace for a used token" />
      </fieldset>
      <fieldset className={styles.group}>
        <legend>Use</legend>
        <List {...props} name="hours" label="Time" />
        <Slider {...props} name="processes" label="Processes that share the sign-in" />
        <Slider {...props} name="callsPerMinute" label="Calls per minute of each process" />
        <Slider {...props} name="callsAtOnce" label="Calls at the same time" />
      </fieldset>
      <fieldset className={styles.group}>
        <legend>Faults</legend>
        <Slider {...props} name="lostResponses" label="Lost responses to a refresh" />
        <Slider {...props} name="kills" label="Processes killed before they save" />
        <Slider {...props} name="sleeps" label="Sleeps of the machine, 8 hours" />
        <Slider {...props} name="outages" label="Outages of the server, 10 minutes" />
        <Slider {...props} name="restarts" label="Restarts of a process" />
      </fieldset>
      <Seed {...props} />
      <ShareButton settings={props.settings} />
    </form>
  )
}

function Situation({ settings, onChange }: FormProps): ReactNode {
  const link = writeSettings(settings)
  const chosen = situations.find((one) => writeSettings(one.settings) === link)
  return (
    <div className={styles.field}>
      <label htmlFor="situation">Situation</label>
      <select
        id="situation"
        value={chosen?.id ?? ''}
        aria-describedby="situation-note"
        onChange={(event) => {
          const next = situations.find(({ id }) => id === event.target.value)
          if (next !== undefined) onChange(next.settings)
        }}
      >
        {chosen === undefined ? <option value="">Your own</option> : undefined}
        {situations.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <p id="situation-note" className={styles.note}>
        {chosen?.note ?? 'Settings of your own.'}
      </p>
    </div>
  )
}

function List({
  name,
  label,
  settings,
  onChange,
}: FormProps & { readonly name: ListName; readonly label: string }): ReactNode {
  const list: readonly (readonly [number | string, string])[] = lists[name]
  return (
    <div className={styles.field}>
      <label htmlFor={`setting-${name}`}>{label}</label>
      <select
        id={`setting-${name}`}
        value={String(settings[name])}
        onChange={(event) => {
          const entry = list.find(([value]) => String(value) === event.target.value)
          if (entry !== undefined) onChange({ ...settings, [name]: entry[0] })
        }}
      >
        {list.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}

function Slider({
  name,
  label,
  settings,
  onChange,
}: FormProps & { readonly name: NumberName; readonly label: string }): ReactNode {
  const [minimum, maximum] = limits[name]
  return (
    <div className={styles.field}>
      <label htmlFor={`setting-${name}`}>
        {label} <output htmlFor={`setting-${name}`}>{settings[name]}</output>
      </label>
      <input
        id={`setting-${name}`}
        type="range"
        min={minimum}
        max={maximum}
        value={settings[name]}
        onChange={(event) =>
          onChange({ ...settings, [name]: withinLimits(name, Number(event.target.value)) })
        }
      />
    </div>
  )
}

function Seed({ settings, onChange }: FormProps): ReactNode {
  const [minimum, maximum] = limits.seed
  return (
    <div className={styles.field}>
      <label htmlFor="setting-seed">Seed: draws when calls and faults happen</label>
      <div className={styles.seed}>
        <input
          id="setting-seed"
          type="number"
          min={minimum}
          max={maximum}
          value={settings.seed}
          onChange={(event) =>
            onChange({ ...settings, seed: withinLimits('seed', Number(event.target.value)) })
          }
        />
        <button
          type="button"
          className="button button--secondary button--sm"
          onClick={() => onChange({ ...settings, seed: (settings.seed % maximum) + 1 })}
        >
          Next
        </button>
      </div>
    </div>
  )
}

function ShareButton({ settings }: Pick<FormProps, 'settings'>): ReactNode {
  const [message, setMessage] = useState('')
  async function copyLink(): Promise<void> {
    const link = `${window.location.href.split('#')[0]}#${writeSettings(settings)}`
    window.history.replaceState(window.history.state, '', link)
    try {
      await navigator.clipboard.writeText(link)
      setMessage('Copied.')
    } catch {
      setMessage('The browser does not let this page copy. The link is in the address bar.')
    }
  }
  return (
    <p>
      <button
        type="button"
        className="button button--secondary button--sm"
        onClick={() => void copyLink()}
      >
        Copy link
      </button>{' '}
      <span role="status">{message}</span>
    </p>
  )
}
