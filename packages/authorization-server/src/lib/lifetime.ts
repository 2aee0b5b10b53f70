import { AuthorizationServerError } from './errors.ts'

/**
 * Returns `seconds` when it is a whole number. Any other value would act as no limit at all.
 *
 * @param name - The option's name, for the message.
 * @throws {@link AuthorizationServerError} `LIFETIME_INVALID`
 */
export function assertLifetime(name: string, seconds: number, minimum = 1): number {
  if (Number.isSafeInteger(seconds) && seconds >= minimum) return seconds
  throw new AuthorizationServerError(
    'LIFETIME_INVALID',
    `${name} must be a whole number of seconds, at least ${minimum}, got ${String(seconds)}.`,
  )
}
