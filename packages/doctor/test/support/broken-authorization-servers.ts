import type { BrokenServer } from './broken-server.ts'
import {
  html,
  issuer,
  json,
  keySet,
  resourceDocument,
  serverDocument,
  urls,
  withAnswers,
  withServer,
} from './deployment.ts'

/** One broken server for each rule about the metadata of the authorization server. */
export const brokenAuthorizationServers: readonly BrokenServer[] = [
  {
    rule: 'server-metadata-missing',
    deployment: withAnswers({ [urls.serverMetadata]: { status: 404 } }),
  },
  {
    rule: 'server-metadata-failing',
    deployment: withAnswers({ [urls.serverMetadata]: { status: 502 } }),
  },
  {
    rule: 'metadata-too-large',
    deployment: withAnswers({
      [urls.openIdMetadata]: {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: ' '.repeat(300_000),
      },
    }),
    repaired: withAnswers({ [urls.openIdMetadata]: json(serverDocument) }),
  },
  { rule: 'issuer-mismatch', deployment: withServer({ issuer: 'https://login.as.test' }) },
  {
    rule: 'issuer-slash',
    deployment: withServer({ issuer: `${issuer}/` }),
    repaired: withAnswers(
      {
        [urls.resourceMetadata]: json({
          ...resourceDocument,
          authorization_servers: [`${issuer}/`],
        }),
      },
      withServer({ issuer: `${issuer}/` }),
    ),
  },
  {
    rule: 'server-metadata-location-html',
    deployment: withAnswers({ [urls.openIdMetadata]: html }),
  },
  {
    rule: 'server-metadata-disagree',
    deployment: withAnswers({
      [urls.openIdMetadata]: json({
        ...serverDocument,
        code_challenge_methods_supported: undefined,
      }),
    }),
    repaired: withAnswers({ [urls.openIdMetadata]: json(serverDocument) }),
  },
  {
    rule: 'metadata-content-type',
    deployment: withAnswers({
      [urls.resourceMetadata]: json(resourceDocument, {
        headers: { 'content-type': 'text/plain' },
      }),
    }),
  },
  { rule: 'endpoint-missing', deployment: withServer({ token_endpoint: undefined }) },
  {
    rule: 'endpoint-not-secure',
    deployment: withServer({ introspection_endpoint: 'http://as.test/introspect' }),
    repaired: withServer({ introspection_endpoint: 'https://as.test/introspect' }),
  },
  {
    rule: 'response-types-missing',
    deployment: withServer({ response_types_supported: undefined }),
  },
  {
    rule: 'code-flow-not-supported',
    deployment: withServer({ response_types_supported: ['token'] }),
  },
  {
    rule: 'no-grant-for-users',
    deployment: withServer({
      authorization_endpoint: undefined,
      response_types_supported: [],
      grant_types_supported: ['client_credentials'],
    }),
  },
  { rule: 'key-set-unusable', deployment: withAnswers({ [urls.keys]: html }) },
  { rule: 'key-set-empty', deployment: withAnswers({ [urls.keys]: json({ keys: [] }) }) },
  {
    rule: 'key-set-private',
    deployment: withAnswers({
      [urls.keys]: json({
        keys: [{ ...keySet.keys[0], d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' }],
      }),
    }),
  },
  {
    rule: 'pkce-not-advertised',
    deployment: withServer({ code_challenge_methods_supported: undefined }),
  },
  {
    rule: 'pkce-s256-not-listed',
    deployment: withServer({ code_challenge_methods_supported: ['plain'] }),
  },
  {
    rule: 'iss-not-advertised',
    deployment: withServer({ authorization_response_iss_parameter_supported: undefined }),
  },
  {
    rule: 'pushed-requests-required',
    deployment: withServer({ require_pushed_authorization_requests: true }),
  },
  {
    rule: 'no-automatic-registration',
    deployment: withServer({
      registration_endpoint: undefined,
      client_id_metadata_document_supported: undefined,
    }),
  },
  {
    rule: 'client-documents-not-supported',
    deployment: withServer({ client_id_metadata_document_supported: false }),
  },
  {
    rule: 'refresh-grant-not-listed',
    deployment: withServer({ grant_types_supported: ['authorization_code'] }),
  },
  {
    rule: 'consent-prompt-not-supported',
    deployment: withServer({
      subject_types_supported: ['public'],
      prompt_values_supported: ['none', 'login'],
    }),
    repaired: withServer({
      subject_types_supported: ['public'],
      prompt_values_supported: ['none', 'login', 'consent'],
    }),
  },
  { rule: 'revocation-not-offered', deployment: withServer({ revocation_endpoint: undefined }) },
]
