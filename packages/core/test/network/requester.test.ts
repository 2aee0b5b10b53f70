import { expect, test } from 'vitest'
import { requesterNetwork } from '../../src/network.ts'

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['0:0:0:0:0:FFFF:c000:207', '192.0.2.7'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:DB8:0:0:ffff::', '2001:db8:0:0::/64'],
  ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['unknown', 'unknown'],
  ['x'.repeat(10_000), 'x'.repeat(64)],
])('requester: %s counts as %s', (address, network) => {
  expect(requesterNetwork(address, undefined, 0)).toBe(network)
})

test.each([
  ['no proxy is trusted', '198.51.100.1', 0, '192.0.2.7'],
  ['one proxy, which appends its caller', '203.0.113.9, 198.51.100.1', 1, '198.51.100.1'],
  ['two proxies', '203.0.113.9, 198.51.100.1', 2, '203.0.113.9'],
  ['more proxies than entries', '198.51.100.1', 3, '198.51.100.1'],
  ['several header lines', ['203.0.113.9', '198.51.100.1'], 1, '198.51.100.1'],
  ['an entry with a port', '198.51.100.1:4711', 1, '198.51.100.1'],
  ['an IPv6 entry with a port', '[2001:db8::1]:4711', 1, '2001:db8:0:0::/64'],
  ['an empty header', ' , ', 1, '192.0.2.7'],
  ['no header', undefined, 1, '192.0.2.7'],
])('requester behind proxies: %s', (_case, forwardedFor, trustedProxies, network) => {
  expect(requesterNetwork('192.0.2.7', forwardedFor, trustedProxies)).toBe(network)
})
