import type { Outcome } from './evaluate'

/** A parameter of the authorization URL, and why it is there. */
export interface ExplainedParameter {
  readonly name: string
  readonly value: string
  readonly why: string
  readonly requirements: readonly string[]
}

const standard: Readonly<Record<string, Omit<ExplainedParameter, 'name' | 'value'>>> = {
  response_type: { why: 'The authorization code flow.', requirements: [] },
  redirect_uri: {
    why: 'Where the browser returns to. Here, a port of this machine.',
    requirements: [],
  },
  state: {
    why: 'A new random value for each request, compared with the one of the response.',
    requirements: ['C-36'],
  },
  code_challenge: {
    why: 'The SHA-256 hash of a new secret, which the client shows when it exchanges the code.',
    requirements: ['C-33'],
  },
  code_challenge_method: { why: 'The only method that is accepted.', requirements: ['C-33'] },
  resource: { why: 'The MCP server that the tokens are for.', requirements: ['C-34'] },
}

const clientIds: Readonly<Record<string, string>> = {
  dynamic: 'From the response to the registration request.',
  'metadata-document': 'The URL of the document that describes the client.',
  'by-hand': 'From the registration by hand.',
}

/** Explains every parameter of the authorization URL, in the order of the URL. */
export function explainParameters(
  url: string,
  { decision, profile }: Pick<Outcome, 'decision' | 'profile'>,
  registration: string,
): readonly ExplainedParameter[] {
  return [...new URL(url).searchParams].map(([name, value]) => {
    const known = standard[name]
    if (known !== undefined) return { name, value, ...known }
    switch (name) {
      case 'client_id':
        return { name, value, why: clientIds[registration] ?? '', requirements: [] }
      case 'scope':
        return { name, value, why: 'The decision above.', requirements: ['C-20'] }
      case 'prompt':
        return { name, value, why: decision.prompt.explanation, requirements: ['C-07'] }
      default:
        return { name, value, why: whyFromProfile(name, profile), requirements: [] }
    }
  })
}

function whyFromProfile(name: string, profile: Outcome['profile']): string {
  const isOfProfile = name in profile.refreshTokenParameters || name === profile.resourceAlias
  return isOfProfile
    ? `${profile.name} requires it.`
    : 'Part of the authorization endpoint in the metadata.'
}
