/** A client whose ID is the URL of its metadata document. */
// #region session
import { createSession } from '@evergrant/client'
import type { Session, SessionOptions } from '@evergrant/client'

export function connect(url: string, host: Pick<SessionOptions, 'store' | 'signIn'>): Session {
  return createSession(url, {
    ...host,
    client: {
      name: 'My client',
      clientIdMetadataUrl: 'https://client.example.com/oauth/client-metadata.json',
    },
  })
}
// #endregion session
