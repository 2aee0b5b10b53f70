/** The refresh tokens of the benchmark: `<user>.<rotation>`, padded to a usual length. */
const length = 120

export function firstRefreshToken(user: number): string {
  return refreshToken(user, 0)
}

export function refreshToken(user: number, rotation: number): string {
  return `${user}.${rotation}.`.padEnd(length, 'r')
}

export function readRefreshToken(
  token: string,
): { readonly user: number; readonly rotation: number } | undefined {
  const [user, rotation] = token.split('.', 2).map(Number)
  return user !== undefined &&
    rotation !== undefined &&
    Number.isSafeInteger(user) &&
    Number.isSafeInteger(rotation)
    ? { user, rotation }
    : undefined
}
