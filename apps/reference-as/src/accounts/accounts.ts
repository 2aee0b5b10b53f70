import { randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto'
import type { ScryptOptions } from 'node:crypto'
import { ReferenceServerError } from '../errors.ts'
import type { Account, AccountStore } from '../store/store.ts'

/** OWASP's second-strongest scrypt parameters: 32 MiB and three passes. */
const cost = { N: 2 ** 15, r: 8, p: 3 } as const
const keyLength = 32

/** Bounds of a password: shorter ones are guessable, longer ones cost too much to hash. */
const passwordLength = { minimum: 8, maximum: 1024 } as const

/** Hashes a password: `scrypt$N$r$p$salt$key`, with salt and key in base64url. */
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

/** Compares in constant time. `false` for a hash in a format that this version does not support. */
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
 * wrong password, so that the response time does not reveal which names exist.
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
      `Cannot add the account ${JSON.stringify(username.slice(0, 40))}: a user name must have 1 to ` +
        '100 printable characters and must not start or end with a space.',
    )
  }
  const { minimum, maximum } = passwordLength
  if (password.length < minimum || password.length > maximum) {
    throw new ReferenceServerError(
      'OPTION_INVALID',
      `Cannot add the account: its password has ${password.length} characters (expected ` +
        `${minimum} to ${maximum}).`,
    )
  }
  const account = { id: randomUUID(), username, passwordHash: await hashPassword(password) }
  if (await accounts.add(account)) return account
  throw new ReferenceServerError(
    'ACCOUNT_EXISTS',
    `Cannot add the account ${JSON.stringify(username)}: it exists already. Remove it first, or ` +
      'choose another name.',
  )
}

async function derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    // The same password can arrive in two Unicode forms from two keyboards.
    scrypt(
      password.normalize('NFKC'),
      salt,
      keyLength,
      { ...options, maxmem: 128 * 1024 * 1024 },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    )
  })
}
