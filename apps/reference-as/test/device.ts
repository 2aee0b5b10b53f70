import * as oauth from 'oauth4webapi'
import { discover, insecure, register, resource } from './support.ts'

export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const grantTypes = ['authorization_code', 'refresh_token', deviceGrant]

type Server = Parameters<typeof discover>[0]

/** A client with a code for the user, and what its token requests return. */
export async function startDevice(server: Server, parameters: Record<string, string> = {}) {
  const as = await discover(server)
  const client = await register(server, { grant_types: grantTypes, client_name: 'Weather desk' })
  const response = await oauth.deviceAuthorizationRequest(
    as,
    client,
    oauth.None(),
    { scope: 'mcp:read offline_access', resource, ...parameters },
    insecure,
  )
  const device = await oauth.processDeviceAuthorizationResponse(as, client, response)
  return {
    device,
    client,
    poll: async (): Promise<Readonly<Record<string, unknown>>> => {
      const answer = await oauth.deviceCodeGrantRequest(
        as,
        client,
        oauth.None(),
        device.device_code,
        insecure,
      )
      return Object(await answer.json())
    },
  }
}
