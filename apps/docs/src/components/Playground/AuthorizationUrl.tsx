import type { ReactNode } from 'react'
import type { Outcome } from '../../playground/evaluate'
import { explainParameters } from '../../playground/parameters'
import RequirementLinks from './RequirementLinks'
import styles from './Playground.module.css'

/** The complete URL, and each of its parameters with its reason. */
export default function AuthorizationUrl({
  outcome,
  registration,
}: {
  readonly outcome: Outcome
  readonly registration: string
}): ReactNode {
  const { authorizationUrl, pkce, client, deviations } = outcome
  return (
    <>
      {authorizationUrl === undefined ? (
        <p className={styles.error}>
          There is none.{' '}
          {pkce.action === 'refuse' ? (
            <>
              {pkce.explanation} <RequirementLinks ids={['C-33']} />
            </>
          ) : (
            client.problem
          )}
        </p>
      ) : (
        <>
          <pre className={styles.url} tabIndex={0}>
            <code>{authorizationUrl}</code>
          </pre>
          <dl className={styles.parameters}>
            {explainParameters(authorizationUrl, outcome, registration).map(
              ({ name, value, why, requirements }) => (
                <div key={name}>
                  <dt>
                    <code>{name}</code>
                  </dt>
                  <dd>
                    <code className={styles.value}>{value}</code>
                    <span className={styles.why}>
                      {why} <RequirementLinks ids={requirements} />
                    </span>
                  </dd>
                </div>
              ),
            )}
          </dl>
          {pkce.reason === 'advertised' ? undefined : (
            <p className={styles.warning}>{pkce.explanation}</p>
          )}
        </>
      )}
      {deviations.map((deviation) => (
        <p key={deviation} className={styles.warning}>
          {deviation}.
        </p>
      ))}
      {client.registrationRequest === undefined ? undefined : (
        <details className={styles.more}>
          <summary>
            {registration === 'dynamic' ? 'The registration request' : 'The metadata document'}
          </summary>
          <pre className={styles.url} tabIndex={0}>
            <code>{JSON.stringify(client.registrationRequest, null, 2)}</code>
          </pre>
        </details>
      )}
    </>
  )
}
