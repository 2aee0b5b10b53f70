import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { readBearerChallenge } from '../../src/index.ts'
import {
  canonicalResource,
  parseAuthorizationServerMetadata,
  parseProtectedResourceMetadata,
} from '../../src/metadata.ts'
import { isSecureEndpoint, parseEndpoint } from '../../src/network.ts'
import { parseRedirectUri } from '../../src/registration.ts'

/** Each of these parses as a URL, but its text differs from what is shown or fetched. */
const disguises = [
  ['an escape sequence', 'https://auth.test/\u001b[2Jx'],
  ['an operating system command', 'https://auth.test/\u001b]0;owned\u0007'],
  ['a line break', 'https://auth.test/\r\nSigned in.'],
  ['a line break in the host, which parsers drop', 'https://auth.te\nst/'],
  ['a C1 control', 'https://auth.test/\u009b31m'],
  ['a bidirectional override', 'https://auth.test/\u202etxt.exe'],
  ['a zero-width space', 'https://auth.test/a\u200bb'],
  ['a letter of another script in the host', 'https://аuth.test/'],
  ['a space at the end, which parsers drop', 'https://auth.test/ '],
  ['a NUL at the start, which parsers drop', '\u0000https://auth.test/'],
  ['a backslash, which parsers read as a slash', String.raw`https:\\auth.test\token`],
] as const

test.each(disguises)('endpoint: refuses %s', { tags: ['C-06', 'C-31'] }, (_, url) => {
  expect(URL.canParse(url)).toBe(true)
  expect(isSecureEndpoint(url)).toBe(false)
  expect(() => parseEndpoint(url, 'The token endpoint')).toThrow(
    expect.objectContaining({ code: 'URL_INVALID' }),
  )
})

test.each(disguises)(
  'metadata: refuses an issuer with %s',
  { tags: ['C-31', 'C-32'] },
  (_, url) => {
    const document = {
      issuer: url,
      authorization_endpoint: 'https://auth.test/authorize',
      token_endpoint: 'https://auth.test/token',
    }
    expect(() => parseAuthorizationServerMetadata(document, url)).toThrow(
      expect.objectContaining({ code: 'URL_INVALID' }),
    )
  },
)

test.each(disguises)(
  'metadata: leaves out an optional endpoint with %s, and refuses a required one',
  { tags: ['C-31'] },
  (_, url) => {
    const document = {
      issuer: 'https://auth.test',
      authorization_endpoint: 'https://auth.test/authorize',
      token_endpoint: 'https://auth.test/token',
    }
    const optional = { registration_endpoint: url, service_documentation: url }
    const { metadata, warnings } = parseAuthorizationServerMetadata(
      { ...document, ...optional },
      document.issuer,
    )
    expect(metadata).toEqual(document)
    expect(warnings).toHaveLength(2)
    expect(() =>
      parseAuthorizationServerMetadata({ ...document, token_endpoint: url }, document.issuer),
    ).toThrow(expect.objectContaining({ code: 'URL_INVALID' }))
  },
)

test(
  'metadata: a resource with control characters is refused, even if it parses to the same URL',
  { tags: ['C-30', 'C-34'] },
  () => {
    const server = 'https://mcp.test/mcp'
    const resource = 'https://mcp.test/m\ncp'
    expect(new URL(resource).href).toBe(server)
    expect(() =>
      parseProtectedResourceMetadata(
        { resource, authorization_servers: ['https://auth.test'] },
        server,
      ),
    ).toThrow(expect.objectContaining({ code: 'URL_INVALID' }))
  },
)

test(
  'challenge: a resource_metadata with control characters counts as absent',
  { tags: ['C-30'] },
  () => {
    const read = readBearerChallenge('Bearer resource_metadata="https://mcp.test/\u001b[2J"')
    expect(read).toEqual({ scheme: 'Bearer' })
  },
)

test.each(disguises.filter(([, url]) => url.startsWith('https://')))(
  'redirect URI: refuses %s',
  { tags: ['A-08'] },
  (_, url) => {
    expect(() => parseRedirectUri(url)).toThrow(
      expect.objectContaining({ code: 'CLIENT_METADATA_INVALID' }),
    )
  },
)

test('redirect URI: refuses control characters in a private-use scheme', { tags: ['A-08'] }, () => {
  expect(parseRedirectUri('com.example.app:/callback')).toBe('private-use')
  expect(() => parseRedirectUri('com.example.app:/call\u202eback')).toThrow(
    expect.objectContaining({ code: 'CLIENT_METADATA_INVALID' }),
  )
})

test(
  'MCP server URL: the error for an international name says how to write it',
  { tags: ['C-34'] },
  () => {
    expect(() => canonicalResource('https://bücher.test/mcp')).toThrow(
      'Write it as "https://xn--bcher-kva.test/mcp".',
    )
    expect(canonicalResource('https://xn--bcher-kva.test/mcp')).toBe(
      'https://xn--bcher-kva.test/mcp',
    )
  },
)

test('endpoint: an accepted URL is visible ASCII and unchanged', { tags: ['C-06'] }, () => {
  const accepted: string[] = []
  assert(
    property(string({ unit: 'binary', maxLength: 12 }), (path) => {
      const url = `https://auth.test/${path}`
      if (isSecureEndpoint(url)) accepted.push(url)
    }),
  )
  expect(accepted.filter((url) => !/^[\x21-\x7e]+$/.test(url))).toEqual([])
})
