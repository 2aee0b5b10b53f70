import type { Row } from '../../tests/simulate/src/index.ts'
import { clientIds } from '../../tests/simulate/src/index.ts'
import { totalsTable } from './page.ts'
import type { Summary } from './summary.ts'
import { both, clientNames, forcedWords, signInWords, table } from './words.ts'

/** Products that show one thing each. */
const telling: readonly (readonly [product: string, name: string])[] = [
  ['google', 'Google'],
  ['entra', 'Microsoft Entra ID'],
  ['okta', 'Okta'],
  ['auth0', 'Auth0, without grace'],
  ['workos', 'WorkOS AuthKit'],
  ['keycloak', 'Keycloak'],
]

/** The section of the README. */
export function readmeSection(rows: readonly Row[], summary: Summary): string {
  const everything = rows.filter(({ situation }) => situation === 'everything')
  const tellingRows = telling.map(([product, name]) => {
    const [one, four] = everything.filter((row) => row.product === product)
    if (one === undefined || four === undefined) throw new Error(`No rows for ${product}.`)
    return [
      name,
      both(forcedWords(one), forcedWords(four)),
      ...clientIds.map((id) => both(signInWords(one, id), signInWords(four, id))),
    ]
  })
  return `${totalsTable(summary)}

Sign-ins at the ${summary.compared.length} products that issue refresh tokens and at which every client can sign in, with 1 / 4 processes. *Forced* is what no client can avoid, and Evergrant reaches it at each product in each situation. *Asking*: the application requests \`offline_access\` itself. Six of the products in a month with everything:

${table(['', 'Forced', ...clientIds.map((id) => clientNames[id])], tellingRows)}`
}
