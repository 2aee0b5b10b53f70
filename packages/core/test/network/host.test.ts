import { expect, test } from 'vitest'
import { isLoopbackHost, isNonRoutableHost, isSecureEndpoint } from '../../src/network.ts'

test.each([
  'localhost',
  'LOCALHOST',
  'localhost.',
  'app.localhost',
  'app.localhost.',
  '127.0.0.1',
  '127.0.0.1.',
  '127.255.0.3',
  '::1',
  '[::1]',
  '0:0:0:0:0:0:0:1',
  '::ffff:127.0.0.1',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  // Shorter and other spellings that URL parsers accept.
  '127.1',
  '2130706433',
  '0x7f.1',
])('host: %s is this machine', { tags: ['C-06', 'C-31'] }, (host) => {
  expect(isLoopbackHost(host)).toBe(true)
  expect(isNonRoutableHost(host)).toBe(true)
})

test.each([
  '0.0.0.0',
  '0',
  '::',
  '[::]',
  '[::ffff:0.0.0.0]',
  '169.254.169.254',
  '[::ffff:169.254.169.254]',
  'fe80::1',
  '[febf::1]',
])('host: %s is not routable and not loopback', { tags: ['C-06', 'C-31'] }, (host) => {
  expect(isNonRoutableHost(host)).toBe(true)
  expect(isLoopbackHost(host)).toBe(false)
})

test.each([
  'localhost.evil.test',
  'notlocalhost',
  '127.0.0.1.evil.test',
  '128.0.0.1',
  '[::2]',
  '[::ffff:8.8.8.8]',
  '[64:ff9b::7f00:1]',
  '[fec0::1]',
  '10.0.0.1',
  '169.253.0.1',
  'evil.test@127.0.0.1',
  '127.0.0.1/evil.test',
  '127.0.0.1#',
  String.raw`127.0.0.1\evil`,
  'localhost:80',
  '',
])('host: %j is not this machine', { tags: ['C-06', 'C-31'] }, (host) => {
  expect(isLoopbackHost(host)).toBe(false)
  expect(isNonRoutableHost(host)).toBe(false)
})

test('endpoint: http is secure on every loopback host, and on no other', { tags: ['C-06'] }, () => {
  expect(isSecureEndpoint('http://app.localhost:8080/token')).toBe(true)
  expect(isSecureEndpoint('http://[::ffff:127.0.0.1]/token')).toBe(true)
  expect(isSecureEndpoint('http://0.0.0.0/token')).toBe(false)
  expect(isSecureEndpoint('http://169.254.169.254/token')).toBe(false)
})
