import type { Configuration } from 'oidc-provider'
import type { Emulation } from './emulation.ts'

type Customizer = NonNullable<
  NonNullable<NonNullable<Configuration['formats']>['customizers']>['jwt']
>

/**
 * Writes access tokens as the emulated product does. The resource server of a product that writes no
 * `typ`, or the client as the audience, must accept such tokens by option (S-17).
 */
export function accessTokenFormats({
  tokenType,
  audience,
  resourceOnRefresh,
}: Emulation): Pick<Configuration, 'formats'> {
  const customize: Customizer = (ctx, token, jwt) => {
    if (tokenType === 'absent') {
      jwt.header = { ...jwt.header, typ: undefined }
    }
    const forgets =
      resourceOnRefresh === 'forgotten' && ctx?.oidc.params?.['grant_type'] === 'refresh_token'
    if (audience === 'client' || forgets) {
      jwt.payload = { ...jwt.payload, aud: token.clientId }
    }
  }
  return { formats: { customizers: { jwt: customize } } }
}
