import { randomBytes } from 'node:crypto'
import { virtualClock } from '@evergrant/test-kit'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { verifyWebhook } from '../../src/refresh-worker.ts'

const secret = `whsec_${randomBytes(32).toString('base64')}`
const otherSecret = `whsec_${randomBytes(32).toString('base64')}`
const clock = virtualClock()
const message = {
  type: 'grant.needs_reauth',
  timestamp: '2027-01-15T08:00:00.000Z',
  data: { partition: 'user-1', reason: 'refused' },
} as const
const body = JSON.stringify(message)

/** Headers that an independent library signed. */
function signed(text: string = body, ageSeconds = 0, key = secret): Record<string, string> {
  const at = new Date((clock.nowEpochSeconds() - ageSeconds) * 1000)
  return {
    'webhook-id': 'event-1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(key).sign('event-1', at, text),
  }
}

test('verifyWebhook: accepts what an independent library signed, in every form', async () => {
  const expected = { id: 'event-1', message }
  expect(await verifyWebhook(signed(), body, secret, { clock })).toEqual(expected)
  expect(await verifyWebhook(new Headers(signed()), body, secret, { clock })).toEqual(expected)
  const bytes = new TextEncoder().encode(body)
  expect(await verifyWebhook(signed(), bytes, secret, { clock })).toEqual(expected)
})

test('verifyWebhook: one of several secrets and one of several signatures is enough', async () => {
  const headers = signed()
  const rotating = {
    ...headers,
    'webhook-signature': `v1a,AAAA v1,AAAA ${headers['webhook-signature']} v1,%`,
  }
  await expect(
    verifyWebhook(rotating, body, [otherSecret, secret], { clock }),
  ).resolves.toMatchObject({ id: 'event-1' })
})

test.each([-301, 301])(
  'verifyWebhook: refuses a request that is %i s old, unless the tolerance allows it',
  async (ageSeconds) => {
    const headers = signed(body, ageSeconds)
    await expect(verifyWebhook(headers, body, secret, { clock })).rejects.toMatchObject({
      code: 'WEBHOOK_INVALID',
      message: expect.stringContaining('301 s'),
    })
    const lenient = { clock, toleranceSeconds: 400 }
    await expect(verifyWebhook(headers, body, secret, lenient)).resolves.toBeTruthy()
  },
)

test.each([
  ['without headers', {}, body],
  ['with another body', signed(), `${body} `],
  ['with another ID', { ...signed(), 'webhook-id': 'event-2' }, body],
  [
    'with another time',
    { ...signed(), 'webhook-timestamp': String(clock.nowEpochSeconds() + 1) },
    body,
  ],
  ['with a time that is no number', { ...signed(), 'webhook-timestamp': '1e9' }, body],
  ['with the signature of another secret', signed(body, 0, otherSecret), body],
  ['without a signature', { ...signed(), 'webhook-signature': ' ' }, body],
  ['with a repeated header', { ...signed(), 'webhook-id': ['event-1', 'event-1'] }, body],
  ['that is not JSON', signed('not JSON'), 'not JSON'],
  ['of another type', signed('{"type":"invoice.paid"}'), '{"type":"invoice.paid"}'],
  ['without data', signed('{"type":"grant.needs_reauth"}'), '{"type":"grant.needs_reauth"}'],
])('verifyWebhook: refuses a request %s', async (_name, headers, text) => {
  const refused = verifyWebhook(headers, text, secret, { clock })
  await expect(refused).rejects.toMatchObject({ code: 'WEBHOOK_INVALID' })
  await expect(refused).rejects.not.toThrow(/whsec_/)
})

test('verifyWebhook: reads a bounded number of signatures', async () => {
  const headers = signed()
  const many = {
    ...headers,
    'webhook-signature': `${'v1,AAAA '.repeat(10_000)}${headers['webhook-signature']}`,
  }
  await expect(verifyWebhook(many, body, secret, { clock })).rejects.toMatchObject({
    code: 'WEBHOOK_INVALID',
  })
})

test('verifyWebhook: an unusable secret is a mistake of the receiver', async () => {
  await expect(verifyWebhook(signed(), body, 'whsec_short', { clock })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  })
})
