/** The names that users see. Everything else derives its texts from them. */

/** The command, the folder of its data, and the `software_id` of the client. */
export const commandName = 'evergrant'

/** The name on the consent page of an authorization server. */
export const displayName = 'Evergrant'

const variablePrefix = 'EVERGRANT_'

/** The environment variables that are read. */
export const variables: Readonly<
  Record<'clientSecret' | 'home' | 'key' | 'passphrase' | 'profile', string>
> = {
  clientSecret: `${variablePrefix}CLIENT_SECRET`,
  home: `${variablePrefix}HOME`,
  key: `${variablePrefix}KEY`,
  passphrase: `${variablePrefix}PASSPHRASE`,
  profile: `${variablePrefix}PROFILE`,
}
