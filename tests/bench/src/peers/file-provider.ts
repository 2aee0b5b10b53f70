import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

/**
 * The provider of the SDKs' examples, with a file instead of a variable, which the processes of an
 * application share. The file is written atomically.
 */
export function fileProvider<Tokens, Client>(folder: string, client: Client) {
  const file = path.join(folder, 'tokens.json')
  let verifier = ''
  let signIns = 0
  return {
    redirectUrl: 'http://127.0.0.1/callback',
    clientMetadata: {
      client_name: 'bench',
      redirect_uris: ['http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: (): Client => client,
    tokens(): Tokens | undefined {
      // Only this provider writes the file.
      return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Tokens) : undefined
    },
    saveTokens(tokens: Tokens): void {
      const temporary = `${file}.${process.pid}`
      writeFileSync(temporary, JSON.stringify(tokens))
      renameSync(temporary, file)
    },
    redirectToAuthorization(): void {
      signIns += 1
    },
    saveCodeVerifier(codeVerifier: string): void {
      verifier = codeVerifier
    },
    codeVerifier: (): string => verifier,
    invalidateCredentials(scope: string): void {
      if (scope === 'all' || scope === 'tokens') rmSync(file, { force: true })
    },
    signIns: (): number => signIns,
  }
}
