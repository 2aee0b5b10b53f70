import { refreshIssuancePresets } from '@evergrant/authorization-server'
import type { RefreshIssuancePreset } from '@evergrant/authorization-server'
import type { ClientMetadata } from 'oidc-provider'
import * as z from 'zod'
import { clientsInFile } from './client-members.ts'

/**
 * A kind of value that a flag, a variable or a file entry can hold. The message of each schema is
 * what it expects, for errors of the form "<source>: expected <message>, got <value>".
 */
export interface ValueKind<Value> {
  readonly read: z.ZodType<Value>
  /** How the flag takes its value. `file-only`: too long for a command line or a variable. */
  readonly flag: 'value' | 'values' | 'switch' | 'file-only'
  /** What an error quotes: the whole value, which is the default, or the wrong member of it. */
  readonly shown?: 'member'
}

export const text: ValueKind<string> = { read: z.string({ error: 'a string' }), flag: 'value' }

export const wholeNumber: ValueKind<number> = {
  read: z.union(
    [
      z.int(),
      z
        .string()
        .regex(/^\d{1,10}$/)
        .transform(Number),
    ],
    { error: 'a whole number' },
  ),
  flag: 'value',
}

export const onOrOff: ValueKind<boolean> = {
  read: z.union(
    [
      z.boolean(),
      z.enum(['1', 'true', '0', 'false']).transform((value) => value === '1' || value === 'true'),
    ],
    { error: 'true or false' },
  ),
  flag: 'switch',
}

/** Separated by spaces or commas when they are one string. */
export const list: ValueKind<readonly string[]> = {
  read: z
    .union([z.string(), z.array(z.string())], { error: 'a string or a list of strings' })
    .transform((value) => [value].flat().flatMap((one) => one.split(/[\s,]+/).filter(Boolean))),
  flag: 'values',
}

const stringsByName = { error: 'an object of strings' }

export const textsByName: ValueKind<Readonly<Record<string, string>>> = {
  read: z.record(z.string(), z.string(stringsByName), stringsByName),
  flag: 'file-only',
}

export const preset: ValueKind<RefreshIssuancePreset> = {
  read: z.enum(refreshIssuancePresets, { error: refreshIssuancePresets.join(', ') }),
  flag: 'value',
}

/** Members and their values. The engine checks how they fit together when the server starts. */
export const clientMetadata: ValueKind<readonly ClientMetadata[]> = {
  read: clientsInFile,
  flag: 'file-only',
  shown: 'member',
}
