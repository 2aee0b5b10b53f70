import { expect, test } from 'vitest'
import { parseRedirectUri } from '../../src/registration.ts'

test.each([
  ['a relative reference', 'callback'],
  ['http on another host', 'http://app.test/cb'],
  ['a fragment', 'https://app.test/cb#x'],
  ['credentials', 'https://me:secret@app.test/cb'],
  ['javascript', 'javascript:alert(1)'],
  ['data', 'data:text/html,x'],
  ['a scheme without a dot', 'myapp:/cb'],
])('redirect URI: refuses %s', { tags: ['C-38', 'A-08'] }, (_, uri) => {
  expect(() => parseRedirectUri(uri)).toThrow(
    expect.objectContaining({ code: 'CLIENT_METADATA_INVALID' }),
  )
})
