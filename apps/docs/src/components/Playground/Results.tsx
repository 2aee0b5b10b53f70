import type { ReactNode } from 'react'
import type { Evaluation, Outcome } from '../../playground/evaluate'
import type { PlaygroundInput } from '../../playground/input'
import AuthorizationUrl from './AuthorizationUrl'
import ForecastView from './ForecastView'
import RequirementLinks from './RequirementLinks'
import styles from './Playground.module.css'

/** What the client decides, sends and gets. */
export default function Results({
  input,
  evaluation: { errors, outcome },
}: {
  readonly input: PlaygroundInput
  readonly evaluation: Evaluation
}): ReactNode {
  if (outcome === undefined) {
    return (
      <>
        <p>The client cannot use what it finds, and sends no request:</p>
        <ul>
          {Object.entries(errors).map(([field, message]) => (
            <li key={field}>
              <a href={`#field-${field}`} onClick={focusField}>
                {message}
              </a>
            </li>
          ))}
        </ul>
      </>
    )
  }
  return (
    <>
      <h3 id="decision">The decision, rule by rule</h3>
      <Decision outcome={outcome} />
      <h3 id="authorization-url">The authorization URL</h3>
      <AuthorizationUrl outcome={outcome} registration={input.registration} />
      <h3 id="forecast">The forecast</h3>
      <ForecastView forecast={outcome.forecast} />
    </>
  )
}

/** The fragment of the page is the shared state, so a click must not replace it. */
function focusField(event: React.MouseEvent<HTMLAnchorElement>): void {
  event.preventDefault()
  const [, id = ''] = event.currentTarget.href.split('#')
  document.getElementById(id)?.focus()
}

function Decision({ outcome: { decision, profile } }: { readonly outcome: Outcome }): ReactNode {
  return (
    <>
      <p className={styles.small}>
        Profile: <strong>{profile.name}</strong>
      </p>
      <ol className={styles.rules}>
        {decision.trace.map(({ rule, outcome, requirements }) => (
          <li key={rule + outcome}>
            {outcome} <RequirementLinks ids={requirements} />
          </li>
        ))}
      </ol>
      {decision.warnings.map(({ code, message, requirement }) => (
        <p key={code + message} className={styles.warning}>
          {message}. <RequirementLinks ids={requirement === undefined ? [] : [requirement]} />
        </p>
      ))}
    </>
  )
}
