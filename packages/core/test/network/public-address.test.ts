import { BlockList, isIP } from 'node:net'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { guardLookup, isPublicAddress } from '../../src/network.ts'
import type { Lookup, ResolvedAddress } from '../../src/network.ts'

const specialIpv4 = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  specialIpv4.addSubnet(network, prefix, 'ipv4')
}
const globalIpv6 = new BlockList()
globalIpv6.addSubnet('2000::', 3, 'ipv6')
const specialIpv6 = new BlockList()
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
] as const) {
  specialIpv6.addSubnet(network, prefix, 'ipv6')
}

/** The same rule, with the parser and the block lists of Node.js. */
function expected(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !specialIpv4.check(address, 'ipv4')
  if (family !== 6 || address.includes('%')) return false
  return globalIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6')
}

const nearSpecialIpv4 = fc
  .tuple(
    fc.constantFrom(0, 9, 10, 11, 100, 126, 127, 128, 169, 172, 192, 198, 203, 223, 224, 239, 240),
    fc.oneof(fc.constantFrom(0, 15, 16, 31, 32, 51, 52, 63, 64, 88, 127, 128, 168), fc.nat(255)),
    fc.oneof(fc.constantFrom(0, 2, 48, 99, 100, 113, 193, 196), fc.nat(255)),
    fc.nat(255),
  )
  .map((bytes) => bytes.join('.'))

const nearSpecialIpv6 = fc
  .tuple(
    fc.constantFrom('1fff', '2000', '2001', '2002', '2620', '3ffe', '3fff', '4000', 'fe80', '64'),
    fc.constantFrom('0', '1ff', '200', '4f', 'db8', 'db9', 'fff', '1000', 'ff9b'),
    fc.constantFrom('0', '8000', '8001', 'ffff'),
  )
  .map((groups) => `${groups.join(':')}::1`)

const almostAddress = fc
  .array(
    fc.constantFrom('0', '1', '127', '256', '01', 'f', '2001', ':', '::', '.', '%', ' ', 'g'),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''))

test.each([
  ['IPv4', fc.ipV4()],
  ['IPv4 near special blocks', nearSpecialIpv4],
  ['IPv6', fc.ipV6()],
  ['IPv6 near special blocks', nearSpecialIpv6],
  ['text that looks like an address', almostAddress],
  ['any text', fc.string()],
])(
  'public address: agrees with the block lists of Node.js about %s',
  { tags: ['A-09'] },
  (_, text) => {
    fc.assert(
      fc.property(text, (address) => {
        expect([address, isPublicAddress(address)]).toEqual([address, expected(address)])
      }),
      { numRuns: 2000 },
    )
  },
)

test.each([
  '::ffff:8.8.8.8',
  '2130706433',
  '0x7f.1',
  '0177.0.0.1',
  '8.8.8.8.',
  '[2a00::1]',
  '2a00::1%1',
])('public address: refuses the form %s', { tags: ['A-09'] }, (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

const refused = new Error('refused')

function ask(found: string | ResolvedAddress[] | Error, all: boolean): readonly unknown[] {
  const lookup: Lookup<object> = (_hostname, options, callback) => {
    expect(options.all).toBe(true)
    if (found instanceof Error) callback(found, [])
    else if (typeof found === 'string') callback(null, found, 4)
    else callback(null, found)
  }
  const heard: unknown[] = []
  const guarded = guardLookup(lookup, isPublicAddress, () => refused)
  guarded('name.example', { all }, (...outcome) => heard.push(...outcome))
  return heard
}

test('guarded lookup: refuses a name with one refused address', { tags: ['A-09'] }, () => {
  const publicOne = { address: '8.8.8.8', family: 4 }
  const privateOne = { address: '::1', family: 6 }
  for (const all of [true, false]) {
    expect(ask([publicOne, privateOne], all)).toEqual([refused, []])
    expect(ask('10.0.0.1', all)).toEqual([refused, []])
  }
  expect(ask([publicOne], true)).toEqual([null, [publicOne]])
  expect(ask([publicOne], false)).toEqual([null, '8.8.8.8', 4])
  expect(ask('8.8.8.8', false)).toEqual([null, '8.8.8.8', 4])
})

test('guarded lookup: passes on the error of the lookup', { tags: ['A-09'] }, () => {
  const missing = new Error('ENOTFOUND')
  expect(ask(missing, true)).toEqual([missing, []])
  expect(ask([], false)).toEqual([
    expect.objectContaining({ message: '"name.example" has no address. Check the host name.' }),
    [],
  ])
})
