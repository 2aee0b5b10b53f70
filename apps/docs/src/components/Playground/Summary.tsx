import type { ReactNode } from 'react'
import type { Evaluation } from '../../playground/evaluate'
import styles from './Playground.module.css'

/** The result in one line. It stays in view while the reader types. */
export default function Summary({
  evaluation: { outcome },
}: {
  readonly evaluation: Evaluation
}): ReactNode {
  const isStopped = outcome?.authorizationUrl === undefined
  return (
    <div role="status" className={isStopped ? styles.stopped : styles.sent}>
      {outcome === undefined ? (
        <strong>The client stops before the request.</strong>
      ) : (
        <>
          {isStopped ? (
            <>
              <strong>The client stops before the request.</strong> It would ask for
            </>
          ) : (
            'The client asks for'
          )}{' '}
          <span data-testid="scope">
            {outcome.decision.scope === undefined ? (
              'no scope'
            ) : (
              <Tokens text={outcome.decision.scope} />
            )}
            {outcome.decision.prompt.prompt === undefined ? undefined : (
              <>
                {' '}
                with <code>prompt=consent</code>
              </>
            )}
          </span>
        </>
      )}
    </div>
  )
}

function Tokens({ text }: { readonly text: string }): ReactNode {
  return text.split(' ').map((token, index) => (
    <span key={token}>
      {index === 0 ? '' : ' '}
      <code>{token}</code>
    </span>
  ))
}
