import type { ReactNode } from 'react'
import { clientIdFor } from '../../playground/client'
import type { PlaygroundInput } from '../../playground/input'
import type { FieldsProps } from './Field'
import { CheckField, ChoiceField, Messages, TextField } from './Field'
import styles from './Playground.module.css'

const registrations: readonly (readonly [PlaygroundInput['registration'], string])[] = [
  ['dynamic', 'It registers itself'],
  ['metadata-document', 'Its ID is the URL of a metadata document'],
  ['by-hand', 'It was registered by hand'],
]

/** What the client is, and what it prefers. */
export default function ClientFields(fields: FieldsProps): ReactNode {
  const { input, evaluation, onChange } = fields
  return (
    <fieldset className={styles.group}>
      <legend>Client</legend>
      <fieldset className={styles.radios} aria-describedby="field-registration-messages">
        <legend>How the authorization server knows it</legend>
        {registrations.map(([value, label]) => (
          <label key={value} className={styles.check}>
            <input
              type="radio"
              name="registration"
              value={value}
              checked={input.registration === value}
              onChange={() =>
                onChange({ registration: value, clientId: clientIdFor(value, input.clientId) })
              }
            />
            <span>{label}</span>
          </label>
        ))}
        <Messages name="registration" evaluation={evaluation} />
      </fieldset>
      {input.registration === 'dynamic' ? undefined : (
        <TextField {...fields} name="clientId" label="Client ID" />
      )}
      <CheckField
        {...fields}
        name="declaresRefreshGrant"
        label={
          <>
            <code>grant_types</code> lists <code>refresh_token</code>
          </>
        }
      />
      <CheckField {...fields} name="wantsRefreshToken" label="Wants a refresh token" />
      <details className={styles.more}>
        <summary>Further options</summary>
        <TextField {...fields} name="additionalScope" label="Scope that the client adds" />
        <TextField
          {...fields}
          name="previousScope"
          label="Scope of the previous request"
          hint="For a step-up: the user has signed in, and a tool needs a wider scope."
        />
        <ChoiceField
          {...fields}
          name="prompt"
          label="prompt=consent"
          options={[
            ['by-rule', 'As the rules require'],
            ['consent', 'Always'],
            ['never', 'Never'],
          ]}
        />
        <ChoiceField
          {...fields}
          name="withoutScope"
          label="If no scope is known"
          options={[
            ['omit', 'Send no scope'],
            ['offline-only', 'Send offline_access alone'],
          ]}
        />
        <CheckField
          {...fields}
          name="assumePkceS256"
          label="Assume PKCE with S256 if the metadata says nothing about it"
        />
      </details>
    </fieldset>
  )
}
