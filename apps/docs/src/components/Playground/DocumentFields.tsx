import { providerProfiles } from '@evergrant/core/providers'
import type { ReactNode } from 'react'
import type { FieldsProps } from './Field'
import { ChoiceField, TextField } from './Field'
import styles from './Playground.module.css'

const profileOptions: readonly (readonly [string, string])[] = [
  ['detected', 'Detected from the issuer'],
  ['standard', 'None: the standards only'],
  ...providerProfiles.map(({ id, name }) => [id, name] as const),
]

/** What the servers say. */
export default function DocumentFields(fields: FieldsProps): ReactNode {
  return (
    <>
      <fieldset className={styles.group}>
        <legend>MCP server</legend>
        <TextField {...fields} name="serverUrl" label="URL of the MCP server" />
        <TextField {...fields} name="challenge" label="WWW-Authenticate of the 401" rows={3} />
        <TextField
          {...fields}
          name="resourceMetadata"
          label="Protected resource metadata"
          rows={heightOf(fields.input.resourceMetadata)}
        />
      </fieldset>
      <fieldset className={styles.group}>
        <legend>Authorization server</legend>
        <TextField
          {...fields}
          name="serverMetadata"
          label="Authorization server metadata"
          rows={heightOf(fields.input.serverMetadata)}
        />
        <ChoiceField {...fields} name="profile" label="Product" options={profileOptions} />
      </fieldset>
    </>
  )
}

const typicalColumns = 58

/** Documents are shown whole if they are short. Long lines are wrapped. */
function heightOf(text: string): number {
  const lines = text
    .slice(0, 4000)
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / typicalColumns)), 0)
  return Math.min(Math.max(lines, 4), 18)
}
