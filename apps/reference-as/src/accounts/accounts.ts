import { randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto'
import type { ScryptOptions } from 'node:crypto'
import { ReferenceServerError } from '../errors.ts'
import type { Account, AccountStore } from '../store/store.ts'

/** OWASP's second-strongest scrypt profile: 32 MiB and three passes. */
const cost = { N: 2 ** 15, r: 8, p: 3 } as const
const keyLength = 32

/** Bounds of a password: shorter is guessable, longer is an attempt to keep the server busy. */
const passwordLength = { minimum: 8, maximum: 1024 } as const

/** Hashes a password: `scrypt$N$r$p$salt$key`, salt and key in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, cost)
  return [
    'scrypt',
    cost.N,
    cost.r,
    cost.p,
    salt.toString('base64url'),
    key.toString('base64url'),
  ].join('$')
}

/** Compares in constant time. False for a hash in a form this version does not know. */
export async function verifyPassword(password: string, passwordHash: string): Promise<boolean> {
  const [scheme, N, r, p, salt = '', key = ''] = passwordHash.split('$')
  if (scheme !== 'scrypt' || password.length > passwordLength.maximum) return false
  const expected = Buffer.from(key, 'base64url')
  if (expected.byteLength !== keyLength) return false
  const options = { N: Number(N), r: Number(r), p: Number(p) }
  const actual = await derive(password, Buffer.from(salt, 'base64url'), options)
  return timingSafeEqual(actual, expected)
}

let absentAccount: Promise<string> | undefined

/**
 * The account that `username` and `password` belong to. Takes as long for an unknown name as for a
 * wrong password, so that the answer does not tell which names exist.
 */
export async function authenticate(
  accounts: AccountStore,
  username: string,
  password: string,
): Promise<Account | undefined> {
  const account = await accounts.findByUsername(username)
  absentAccount ??= hashPassword(randomUUID())
  const matches = await verifyPassword(password, account?.passwordHash ?? (await absentAccount))
  return matches ? account : undefined
}

/**
 * Adds an account.
 *
 * @throws {@link ReferenceServerError} `OPTION_INVALID`, `ACCOUNT_EXISTS`
 */
export async function addAccount(
  accounts: AccountStore,
  username: string,
  password: string,
): Promise<Account> {
  if (!/^[^\s\p{C}](?:[^\p{C}]{0,98}[^\s\p{C}])?$/u.test(username)) {
    throw new ReferenceServerError(
      'OPTION_INVALID',
      'A user name has 1 to 100 printable characters and does not start or end with a space, ' +
        `got ${JSON.stringify(username.slice(0, 40))}.`,
    )
  }
  const { minimum, maximum } = passwordLength
  if (password.length < minimum || password.length > maximum) {
    throw new ReferenceServerError(
      'OPTION_INVALID',
      `A password has ${minimum} to ${maximum} characters, got ${password.length}.`,
    )
  }
  const account = { id: randomUUID(), username, passwordHash: await hashPassword(password) }
  if (await accounts.add(account)) return account
  throw new ReferenceServerError(
    'ACCOUNT_EXISTS',
    `There is an account called ${JSON.stringify(username)} already. Remove it first, or choose ` +
      'another name.',
  )
}

async function derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    // The same password typed on two keyboards may arrive in two Unicode forms.
    scrypt(
      password.normalize('NFKC'),
      salt,
      keyLength,
      { ...options, maxmem: 128 * 1024 * 1024 },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    )
  })
}
