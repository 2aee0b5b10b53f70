/** The grant type of the device grant, as in `grant_types_supported` (RFC 8628 §3.4). */
export const deviceCodeGrantType = 'urn:ietf:params:oauth:grant-type:device_code'
