import { AuthorizationServerError } from './errors.ts'

/**
 * A lifetime that can be counted with: what is no number of whole seconds would be taken for none,
 * and lengthen.
 *
 * @param name - What it is called where it was set.
 * @throws {@link AuthorizationServerError} `LIFETIME_INVALID`
 */
export function assertLifetime(name: string, seconds: number, minimum = 1): number {
  if (Number.isSafeInteger(seconds) && seconds >= minimum) return seconds
  throw new AuthorizationServerError(
    'LIFETIME_INVALID',
    `${name} must be a whole number of seconds, at least ${minimum}, got ${String(seconds)}.`,
  )
}
