import type { ClientMetadata } from 'oidc-provider'
import * as z from 'zod'

/** A member of a client that is registered by hand: what it may be, and what it is for. */
export interface ClientMember {
  readonly name: string
  /** Its message is what the member must be. */
  readonly schema: z.ZodType
  /** For the README. */
  readonly help: string
  /** What applies without it. `required`: a client must have it. */
  readonly defaultText: string
}

/** A schema with one message for every way in which a value can be wrong. */
const text = (error: string) => z.string({ error }).min(1, { error })

const url = (error: string) => text(error).refine((value) => URL.canParse(value), { error })

const someOf = (...values: readonly string[]) => {
  const error = `a list of ${values.join(', ')}`
  return z.array(z.enum(values, { error }), { error })
}

const oneOf = (...values: readonly string[]) =>
  z.enum(values, { error: `one of ${values.join(', ')}` })

const urls = (error: string) => z.array(url(error), { error })

/** Every member that a client in the configuration file can have, in the order of the README. */
export const clientMembers: readonly ClientMember[] = [
  {
    name: 'client_id',
    schema: text('a string that is not empty'),
    defaultText: 'required',
    help: 'what the client sends as `client_id`, and `evergrant` as `--client-id`',
  },
  {
    name: 'redirect_uris',
    schema: urls('a list of absolute URLs'),
    defaultText: 'none. The code flow needs one',
    help: 'where the user returns to. On loopback, any port is accepted: `http://127.0.0.1/callback`',
  },
  {
    name: 'grant_types',
    schema: someOf(
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
    ),
    defaultText: '`["authorization_code"]`',
    help: 'without `refresh_token`, most presets and products issue no refresh token',
  },
  {
    name: 'token_endpoint_auth_method',
    schema: oneOf('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'),
    defaultText: '`client_secret_basic`',
    help: '`none` for a program on a user’s machine',
  },
  {
    name: 'client_secret',
    schema: text('a string that is not empty'),
    defaultText: 'none',
    help: 'required by the methods `client_secret_basic` and `client_secret_post`',
  },
  {
    name: 'application_type',
    schema: oneOf('native', 'web'),
    defaultText: '`web`, with loopback redirect URIs `native`',
    help: '`native` allows redirect URIs on loopback and private-use schemes',
  },
  {
    name: 'response_types',
    schema: someOf('code'),
    defaultText: '`["code"]`',
    help: 'the code flow is the only one',
  },
  {
    name: 'client_name',
    schema: text('a string that is not empty'),
    defaultText: 'the client ID',
    help: 'the name on the consent page',
  },
  ...['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'].map((name) => ({
    name,
    schema: url('an absolute URL'),
    defaultText: 'none',
    help: 'a page of the client (RFC 7591 §2)',
  })),
  {
    name: 'contacts',
    schema: z.array(z.string({ error: 'a list of strings' }), { error: 'a list of strings' }),
    defaultText: 'none',
    help: 'how to reach its operators',
  },
  {
    name: 'jwks',
    schema: z.looseObject({}, { error: 'a JSON Web Key Set' }),
    defaultText: 'none',
    help: 'its public keys, for `private_key_jwt`',
  },
  {
    name: 'jwks_uri',
    schema: url('an absolute URL'),
    defaultText: 'none',
    help: 'where its public keys are, instead of `jwks`',
  },
  {
    name: 'post_logout_redirect_uris',
    schema: urls('a list of absolute URLs'),
    defaultText: '`[]`',
    help: 'where the user returns to after signing out',
  },
  {
    name: 'dpop_bound_access_tokens',
    schema: z.boolean({ error: 'true or false' }),
    defaultText: '`false`',
    help: 'every token must be bound to a key (RFC 9449)',
  },
  {
    name: 'id_token_signed_response_alg',
    schema: oneOf('ES256', 'RS256'),
    defaultText: '`ES256`',
    help: 'the algorithm of ID tokens',
  },
  {
    name: 'subject_type',
    schema: oneOf('public'),
    defaultText: '`public`',
    help: 'pairwise subjects are not offered',
  },
  // Members of a registration response, so that one can be copied as it is.
  {
    name: 'client_id_issued_at',
    schema: z.number({ error: 'a number' }),
    defaultText: 'none',
    help: 'has no effect',
  },
  {
    name: 'client_secret_expires_at',
    schema: z.number({ error: 'a number' }),
    defaultText: '0',
    help: 'epoch seconds, 0 for never',
  },
  {
    name: 'scope',
    schema: z.string({ error: 'a string' }),
    defaultText: 'none',
    help: 'has no effect: the user decides at each authorization',
  },
]

const shape = Object.fromEntries(
  clientMembers.map(({ name, schema, defaultText }) => [
    name,
    defaultText === 'required' ? schema : schema.optional(),
  ]),
)

const clientList = 'a list of clients (RFC 7591 metadata, each with a client_id)'

/** The clients of a configuration file: one, or a list. */
export const clientsInFile: z.ZodType<readonly ClientMetadata[]> = z
  .preprocess(
    (value) => [value].flat(),
    z.array(
      z.strictObject(shape, {
        error: (issue) =>
          issue.code === 'unrecognized_keys'
            ? `one of ${clientMembers.map(({ name }) => name).join(', ')}`
            : clientList,
      }),
    ),
  )
  // Each member was checked by its row of the table.
  .transform((clients) => clients as unknown as readonly ClientMetadata[])
