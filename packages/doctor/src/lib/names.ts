/** The names of the doctor, in reports and towards servers. */

export const displayName = 'Evergrant doctor'

export const commandName = 'evergrant doctor'

export const softwareId = 'evergrant-doctor'

/** A token that no server has issued. It names its sender, because it shows up in logs. */
export const inventedToken: string = `${softwareId}-sends-an-invalid-token`
