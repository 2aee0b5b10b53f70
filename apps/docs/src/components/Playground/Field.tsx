import type { ReactNode } from 'react'
import type { Evaluation } from '../../playground/evaluate'
import type { Field as FieldName, PlaygroundInput } from '../../playground/input'
import RequirementLinks from './RequirementLinks'
import styles from './Playground.module.css'

/** What every group of fields gets. */
export interface FieldsProps {
  readonly input: PlaygroundInput
  readonly evaluation: Evaluation
  readonly onChange: (changed: Partial<PlaygroundInput>) => void
}

type TextName = {
  [Name in FieldName]: PlaygroundInput[Name] extends string
    ? string extends PlaygroundInput[Name]
      ? Name
      : never
    : never
}[FieldName]

/** The label of a field, its text, and what is wrong with it. */
export function TextField({
  name,
  label,
  hint,
  rows,
  input,
  evaluation,
  onChange,
}: FieldsProps & {
  readonly name: TextName
  readonly label: string
  readonly hint?: string
  /** More than one: for documents. */
  readonly rows?: number
}): ReactNode {
  const isInvalid = evaluation.errors[name] !== undefined
  const shared = {
    id: `field-${name}`,
    value: input[name],
    spellCheck: false,
    autoCapitalize: 'off',
    autoComplete: 'off',
    'aria-invalid': isInvalid,
    'aria-describedby': `field-${name}-messages${hint === undefined ? '' : ` field-${name}-hint`}`,
    onChange: (event: { readonly target: { readonly value: string } }) =>
      onChange({ [name]: event.target.value }),
  }
  return (
    <div className={styles.field}>
      <label htmlFor={shared.id}>{label}</label>
      {hint === undefined ? undefined : (
        <p id={`field-${name}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
      {rows === undefined ? (
        <input type="text" {...shared} />
      ) : (
        <textarea rows={rows} {...shared} />
      )}
      <Messages name={name} evaluation={evaluation} />
    </div>
  )
}

/** The error and the notes of a field. */
export function Messages({
  name,
  evaluation: { errors, notes },
}: Pick<FieldsProps, 'evaluation'> & { readonly name: FieldName }): ReactNode {
  const error = errors[name]
  return (
    <div id={`field-${name}-messages`} aria-live="polite">
      {error === undefined ? undefined : <p className={styles.error}>{error}</p>}
      {(notes[name] ?? []).map(({ text, requirement }) => (
        <p key={text} className={styles.warning}>
          {text} <RequirementLinks ids={requirement === undefined ? [] : [requirement]} />
        </p>
      ))}
    </div>
  )
}

/** A box to check. */
export function CheckField({
  name,
  label,
  input,
  onChange,
}: Omit<FieldsProps, 'evaluation'> & {
  readonly name: 'assumePkceS256' | 'declaresRefreshGrant' | 'wantsRefreshToken'
  readonly label: ReactNode
}): ReactNode {
  return (
    <label className={styles.check}>
      <input
        type="checkbox"
        checked={input[name]}
        onChange={(event) => onChange({ [name]: event.target.checked })}
      />
      <span>{label}</span>
    </label>
  )
}

/** A list to choose from. */
export function ChoiceField<Name extends 'profile' | 'prompt' | 'withoutScope'>({
  name,
  label,
  options,
  input,
  onChange,
}: Omit<FieldsProps, 'evaluation'> & {
  readonly name: Name
  readonly label: string
  readonly options: readonly (readonly [value: PlaygroundInput[Name], label: string])[]
}): ReactNode {
  return (
    <div className={styles.field}>
      <label htmlFor={`field-${name}`}>{label}</label>
      <select
        id={`field-${name}`}
        value={input[name]}
        onChange={(event) => onChange({ [name]: event.target.value })}
      >
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}
