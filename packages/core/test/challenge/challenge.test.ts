import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  formatBearerChallenge,
  formatChallenge,
  parseChallenges,
  readBearerChallenge,
  showRemote,
} from '../../src/index.ts'
import type { BearerChallenge } from '../../src/index.ts'
import { headerToken, scopeToken } from '../arbitraries.ts'

function plain(header: string | readonly string[]): unknown[] {
  return parseChallenges(header).map((challenge) => [
    challenge.scheme,
    challenge.token68 ?? Object.fromEntries(challenge.parameters),
  ])
}

test.each<[string, string | string[], unknown[]]>([
  ['a bare scheme', 'Negotiate', [['Negotiate', {}]]],
  ['token68', 'Negotiate YWJj+/==', [['Negotiate', 'YWJj+/==']]],
  ['parameters', 'Bearer realm="x", scope="a b"', [['Bearer', { realm: 'x', scope: 'a b' }]]],
  [
    'several in one value (RFC 9110 §11.6.1)',
    'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
    [
      ['Basic', { realm: 'simple' }],
      ['Newauth', { realm: 'apps', type: '1', title: 'Login to "apps"' }],
    ],
  ],
  [
    'several values',
    ['Basic realm="a"', 'Bearer scope="b"'],
    [
      ['Basic', { realm: 'a' }],
      ['Bearer', { scope: 'b' }],
    ],
  ],
  [
    'bare schemes in a list',
    'Negotiate, NTLM, Bearer error=invalid_token',
    [
      ['Negotiate', {}],
      ['NTLM', {}],
      ['Bearer', { error: 'invalid_token' }],
    ],
  ],
  [
    'token68 before another challenge',
    'Negotiate abc=, Bearer realm="x"',
    [
      ['Negotiate', 'abc='],
      ['Bearer', { realm: 'x' }],
    ],
  ],
  [
    'commas and equals in a quoted string',
    'Bearer realm="a, b=c"',
    [['Bearer', { realm: 'a, b=c' }]],
  ],
  [
    'white space around =',
    'Bearer realm = "x" , error\t=\tinvalid_token',
    [['Bearer', { realm: 'x', error: 'invalid_token' }]],
  ],
  [
    'empty list elements',
    ' ,, Bearer realm="x",, , error="e" ,',
    [['Bearer', { realm: 'x', error: 'e' }]],
  ],
  ['names in any case', 'bEARER SCOPE="a"', [['bEARER', { scope: 'a' }]]],
  [
    'a repeated parameter, of which the first counts',
    'Bearer scope="a", scope="b"',
    [['Bearer', { scope: 'a' }]],
  ],
  [
    'a name that every object has',
    'Bearer __proto__="x", constructor="y"',
    [
      [
        'Bearer',
        Object.fromEntries([
          ['__proto__', 'x'],
          ['constructor', 'y'],
        ]),
      ],
    ],
  ],
])('challenge: parses %s', { tags: ['C-30'] }, (_, header, expected) => {
  expect(plain(header)).toEqual(expected)
})

test.each<[string, string, unknown[]]>([
  ['nothing', '', []],
  ['only garbage', '=, "", ;;; ', []],
  ['garbage in front', '"x" =y, Bearer scope="a"', [['Bearer', { scope: 'a' }]]],
  ['a parameter without a scheme', 'realm="x", Bearer scope="a"', [['Bearer', { scope: 'a' }]]],
  [
    'garbage between parameters',
    'Bearer realm="x", =;, scope="a"',
    [['Bearer', { realm: 'x', scope: 'a' }]],
  ],
  [
    'a URL without quotes',
    'Bearer resource_metadata=https://mcp.test/.well-known/x, scope=a',
    [['Bearer', { resource_metadata: 'https://mcp.test/.well-known/x', scope: 'a' }]],
  ],
  [
    'no comma between parameters',
    'Bearer error="invalid_token" scope="a b"',
    [['Bearer', { error: 'invalid_token', scope: 'a b' }]],
  ],
  ['a quote that never ends', 'Bearer realm="x", scope="a b', [['Bearer', { realm: 'x' }]]],
  ['a quote that ends in a backslash', 'Bearer scope="a\\', [['Bearer', {}]]],
])('challenge: tolerates %s', { tags: ['C-30'] }, (_, header, expected) => {
  expect(plain(header)).toEqual(expected)
})

test('challenge: no header contains no challenge', () => {
  expect(parseChallenges(null)).toEqual([])
  expect(parseChallenges(undefined)).toEqual([])
  expect(readBearerChallenge(undefined)).toBeUndefined()
  expect(readBearerChallenge('Basic realm="x"')).toBeUndefined()
})

const quotedText = fc.string({
  unit: fc.constantFrom(...'ab ,=\\"\t;:/ü'.split('')),
  maxLength: 20,
})
const challenge = fc.record({
  scheme: headerToken,
  parameters: fc
    .uniqueArray(fc.tuple(headerToken, quotedText), {
      selector: ([name]) => name.toLowerCase(),
      maxLength: 5,
    })
    .map((entries) => new Map(entries.map(([name, value]) => [name.toLowerCase(), value]))),
  token68: fc.constant(undefined),
})

test(
  'challenge law: formatted challenges are parsed back, in any number',
  { tags: ['C-30'] },
  () => {
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), fc.boolean(), (challenges, joined) => {
        const values = challenges.map((one) => formatChallenge(one))
        expect(parseChallenges(joined ? values.join(', ') : values)).toEqual(challenges)
      }),
    )
  },
)

test('challenge law: no header makes the parser throw or hang', () => {
  const headerText = fc.string({
    unit: fc.constantFrom(...'aB1 \t,="\\;/é'.split('')),
    maxLength: 60,
  })
  fc.assert(
    fc.property(headerText, (header) => {
      expect(Array.isArray(parseChallenges(header))).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('challenge: a long hostile header takes linear time', () => {
  const hostile = 'Bearer a="'.concat('\\"'.repeat(500_000))
  expect(parseChallenges(hostile)).toHaveLength(1)
})

test(
  'bearer challenge: a challenge added by a gateway does not hide the one of the resource',
  { tags: ['C-20', 'C-30'] },
  () => {
    const header =
      'Bearer realm="gateway", Bearer error="insufficient_scope", scope="write", resource_metadata="https://mcp.test/prm"'
    expect(readBearerChallenge(header)).toEqual({
      scheme: 'Bearer',
      error: 'insufficient_scope',
      scope: ['write'],
      resource_metadata: 'https://mcp.test/prm',
    })
    expect(readBearerChallenge('Bearer realm="gateway", Bearer')).toEqual({
      scheme: 'Bearer',
      realm: 'gateway',
    })
  },
)

test('bearer challenge: text contains no character that controls a terminal', () => {
  const shown = showRemote('a\u001b[31m\u009b31m\u202eb\u2028c\u007f')
  expect(shown).toBe(String.raw`"a\u001b[31m\u009b31m\u202eb\u2028c\u007f"`)
})

test.each([
  ['one quoted string', `Bearer error="${'x'.repeat(10_000_000)}"`],
  ['one string without an end', `Bearer error="${'\\x'.repeat(5_000_000)}`],
  ['parameters', `Bearer ${'a=b, '.repeat(2_000_000)}`],
  ['schemes', 'Basic, '.repeat(1_500_000)],
  ['commas', ','.repeat(10_000_000)],
])(
  'challenge: a header of 10 MB of %s does not end the process',
  { tags: ['C-20'] },
  (_, header) => {
    expect(parseChallenges(header).length).toBeLessThan(16_384)
    expect(parseChallenges(Array.from({ length: 100 }, () => 'Basic'))).toHaveLength(64)
  },
)

test('challenge: a second challenge within the limit is found', { tags: ['C-20'] }, () => {
  const header = `Basic realm="${'x'.repeat(8000)}", Bearer scope="a"`
  expect(readBearerChallenge(header)?.scope).toEqual(['a'])
})

test('bearer challenge: Bearer takes precedence over DPoP in any order', () => {
  const header = 'DPoP scope="d", Basic realm="x", Bearer scope="b"'
  expect(readBearerChallenge(header)).toEqual({ scheme: 'Bearer', scope: ['b'] })
  expect(readBearerChallenge('DPoP algs="ES256", scope="d"')).toEqual({
    scheme: 'DPoP',
    scope: ['d'],
    algs: ['ES256'],
  })
})

test('bearer challenge: writes and reads the algorithms of DPoP proofs', () => {
  const written = { scheme: 'DPoP', algs: ['ES256', 'Ed25519'] } as const
  expect(formatBearerChallenge(written)).toBe('DPoP algs="ES256 Ed25519"')
  expect(readBearerChallenge(formatBearerChallenge(written))).toEqual(written)
})

test(
  'bearer challenge: reads the scope challenge of the MCP specification',
  { tags: ['C-21'] },
  () => {
    const header =
      'Bearer error="insufficient_scope",\n scope="files:write", resource_metadata=' +
      '"https://mcp.example.com/.well-known/oauth-protected-resource", ' +
      'error_description="File write permission required for this operation"'
    expect(readBearerChallenge(header.replaceAll('\n', ''))).toEqual({
      scheme: 'Bearer',
      error: 'insufficient_scope',
      scope: ['files:write'],
      resource_metadata: 'https://mcp.example.com/.well-known/oauth-protected-resource',
      error_description: 'File write permission required for this operation',
    })
  },
)

test.each([
  ['http on a host that is not loopback', 'http://mcp.test/x'],
  ['another scheme', 'file:///etc/passwd'],
  ['no URL', 'over there'],
  ['credentials', 'https://user:pass@mcp.test/x'],
])('bearer challenge: ignores a resource_metadata with %s', { tags: ['C-30'] }, (_, url) => {
  expect(readBearerChallenge(`Bearer resource_metadata="${url}", scope="a"`)).toEqual({
    scheme: 'Bearer',
    scope: ['a'],
  })
})

test('bearer challenge: text has no control characters and is truncated', () => {
  const header = `Bearer error_description="a\u001b[31m\u202eb${'x'.repeat(1000)}"`
  const described = readBearerChallenge(header)?.error_description ?? ''
  expect(described).toMatch(/^a \[31m bx+…$/)
  expect(described.length).toBeLessThan(400)
})

test('bearer challenge law: a formatted challenge is read back', { tags: ['C-30'] }, () => {
  const text = fc.constantFrom('invalid_token', 'say "why", please', String.raw`a\b`)
  const bearer = fc.record(
    {
      scheme: fc.constantFrom('Bearer' as const, 'DPoP' as const),
      realm: text,
      scope: fc.uniqueArray(scopeToken, { minLength: 1, maxLength: 4 }),
      error: text,
      error_description: text,
      resource_metadata: fc.constantFrom('https://mcp.test/a?b=c', 'http://127.0.0.1:1/x'),
    },
    { requiredKeys: ['scheme'] },
  )
  fc.assert(
    fc.property(bearer, (value: BearerChallenge) => {
      expect(readBearerChallenge(formatBearerChallenge(value))).toEqual(value)
    }),
  )
})

test.each([
  ['a scheme with a space', { scheme: 'Be arer' }],
  ['a line break in a value', { scheme: 'Bearer', parameters: new Map([['realm', 'a\r\nb']]) }],
  ['a name that is not a token', { scheme: 'Bearer', parameters: new Map([['a b', 'c']]) }],
  ['token68 with a space', { scheme: 'Negotiate', token68: 'a b' }],
  ['both forms', { scheme: 'X', token68: 'abc', parameters: new Map([['a', 'b']]) }],
])('challenge: refuses to format %s', (_, one) => {
  expect(() => formatChallenge(one)).toThrow(expect.objectContaining({ code: 'CHALLENGE_INVALID' }))
})
