import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buildClientMetadata } from '@evergrant/core/registration'
import { generate } from 'selfsigned'

/** A client metadata document, served over TLS as the rules for it require. */
export interface ClientMetadataServer extends AsyncDisposable {
  /** The URL of the document, which is the client ID. */
  readonly clientId: string
  /** The certificate of the server, for `NODE_EXTRA_CA_CERTS`. */
  readonly certificateFile: string
}

/** Serves the metadata document of an Evergrant client on loopback. */
export async function startClientMetadataServer(): Promise<ClientMetadataServer> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  })
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-certificate-'))
  const certificateFile = path.join(folder, 'certificate.pem')
  await writeFile(certificateFile, cert)

  let clientId = ''
  const server = createServer({ key, cert }, (_request, response) => {
    const metadata = buildClientMetadata({
      name: 'Evergrant conformance',
      redirectUris: ['http://127.0.0.1/callback'],
    })
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...metadata, client_id: clientId }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  clientId = `https://localhost:${port}/client-metadata.json`
  return {
    clientId,
    certificateFile,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
      await rm(folder, { recursive: true, force: true })
    },
  }
}
