import type { Forecast, RefreshTokenOutlook, Statement } from '@evergrant/doctor/forecast'
import Link from '@docusaurus/Link'
import type { ReactNode } from 'react'
import styles from './Playground.module.css'

const outlooks: Readonly<Record<RefreshTokenOutlook, string>> = {
  probably: 'The client probably gets a refresh token.',
  'probably-not':
    'The client probably gets no refresh token. The user signs in whenever the access token expires.',
  unknown: 'Whether the client gets a refresh token is unknown.',
}

/** How long the sign-in lasts, and what ends it. */
export default function ForecastView({ forecast }: { readonly forecast: Forecast }): ReactNode {
  const { product, refreshToken, duration } = forecast
  return (
    <>
      <p data-testid="outlook">
        <strong>{outlooks[refreshToken.outlook]}</strong>
      </p>
      <Statements statements={refreshToken.reasons} />
      {duration.ends.length === 0 ? undefined : (
        <>
          <h4>How long the sign-in lasts, and what ends it</h4>
          <Statements statements={duration.ends} />
        </>
      )}
      {duration.unknown.length === 0 ? undefined : (
        <p className={styles.small}>
          Unknown{product === undefined ? '' : ` for ${product.name}`}:{' '}
          {duration.unknown.join('; ')}.
        </p>
      )}
      <p className={styles.small}>
        <Link to="/guides/doctor">The doctor</Link> measures this with a real sign-in at your
        server.
      </p>
    </>
  )
}

function Statements({ statements }: { readonly statements: readonly Statement[] }): ReactNode {
  return (
    <ul className={styles.statements}>
      {statements.map(({ text, basis, source }) => (
        <li key={text}>
          {text.charAt(0).toUpperCase() + text.slice(1)}.{' '}
          <span className={styles.basis}>
            <Source basis={basis} source={source} />
          </span>
        </li>
      ))}
    </ul>
  )
}

function Source({
  basis,
  source,
}: {
  readonly basis: Statement['basis']
  readonly source: string | undefined
}): ReactNode {
  if (source === undefined) return `From the ${basis}`
  const label = basis.charAt(0).toUpperCase() + basis.slice(1)
  if (!/^https:\/\/\S+$/.test(source)) return `${label}: ${source}`
  return (
    <>
      {label}: <a href={source}>{new URL(source).hostname}</a>
    </>
  )
}
