import { expect, test } from 'vitest'
import { clientMembers, clientsInFile } from '../../src/settings/client-members.ts'

test.each(clientMembers)('configuration: a client with a wrong $name is refused', ({ name }) => {
  // No member is a number in a list.
  const parsed = clientsInFile.safeParse({ client_id: 'a', [name]: [7] })
  expect(parsed.error?.issues.map(({ path }) => path[1])).toContain(name)
})
