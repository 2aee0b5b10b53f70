import type { ServerBehaviors } from '../../apps/reference-as/src/emulation/servers/emulated-server.ts'
import { rules } from '../../packages/doctor/src/index.ts'
import type { Product } from './product.ts'

/** Findings of the doctor that a behavior leads to. */
const findings: {
  readonly [Name in keyof ServerBehaviors]?: Readonly<Partial<Record<string, string>>>
} = {
  rotation: {
    'same-token': 'refresh-token-not-rotated',
    'no-token': 'refresh-token-not-rotated',
  },
  reuse: { accepted: 'reuse-keeps-the-grant' },
  graceSeconds: { 0: 'no-grace-after-rotation' },
  resource: {
    ignored: 'access-token-for-another-audience',
    refused: 'refresh-with-resource-refused',
  },
  resourceOnRefresh: { forgotten: 'refresh-forgets-resource' },
  audience: { client: 'access-token-for-another-audience' },
  // A refusal shows only when a client registers: the metadata lists the endpoint.
  registration: { 'not-offered': 'no-automatic-registration' },
  clientIdMetadataDocuments: { 'not-supported': 'client-documents-not-supported' },
  iss: { 'not-sent': 'iss-not-advertised' },
  codeChallengeMethods: { absent: 'pkce-not-advertised' },
  deadRefreshToken: {
    'empty-400': 'dead-token-wrong-error',
    bad_refresh_token: 'dead-token-wrong-error',
  },
}

/** The rules that the behavior of a product leads to, as a list of links. */
export function doctorRulesOf({ server }: Product): string {
  const { behaviors } = server
  const documents = behaviors.clientIdMetadataDocuments?.value === 'supported'
  const ids = Object.entries(findings).flatMap(([name, byValue]) => {
    const behavior = behaviors[name as keyof ServerBehaviors]
    const id = behavior === undefined ? undefined : byValue?.[String(behavior.value)]
    return id === undefined || (documents && id === 'no-automatic-registration') ? [] : [id]
  })
  // Whatever a product does, its administrator can forget the switch.
  return [...new Set([...ids, 'no-refresh-token'])].map(ruleLink).join('\n')
}

function ruleLink(id: string): string {
  const rule = rules.find((one) => one.id === id)
  if (rule === undefined) throw new Error(`The doctor has no rule ${id}`)
  return `- [${id}](../reference/doctor-rules/${id}.md): ${rule.title}.`
}
