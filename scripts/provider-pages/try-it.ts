import { findEmulatedServer } from '../../apps/reference-as/src/emulation/servers/catalog.ts'
import { emulationOf } from '../../apps/reference-as/src/emulation/emulation.ts'
import type { Product } from './product.ts'

/** Shorter than the rounds of calls take together. */
const lifetimeSeconds = 4
const issuer = 'http://127.0.0.1:9400'
const mcpServer = 'http://127.0.0.1:9500/mcp'
const program = (name: string): string => `pnpm exec node apps/${name}/dist/main.js`

/** The commands of the section, in order. The first two are servers, each in a terminal of its own. */
interface Trial {
  readonly authorizationServer: string
  readonly mcpServer: string
  readonly signIn: string
  readonly calls: string
  readonly signOut: string
}

function trialOf({ provider, profile, server }: Product): Trial {
  const refusesResource = server.behaviors.resource?.value === 'refused'
  const byHand = isRegisteredByHand(provider.emulated)
  const product = profile.id === 'standard' ? '' : ` --provider ${profile.id}`
  const account = ` --profile ${provider.id}${product}`
  return {
    authorizationServer:
      `${program('reference-as')} serve --demo --emulate ${provider.emulated}` +
      `${byHand ? ' --local-client my-client' : ''}${refusesResource ? ` --resource ${mcpServer}` : ''}` +
      ` --access-token-ttl ${lifetimeSeconds}`,
    mcpServer: `${program('reference-mcp-server')} serve --authorization-server ${issuer} --port 9500`,
    signIn:
      `${program('reference-client')} login ${mcpServer}${account} --headless --explain` +
      (byHand ? ` --client-id my-client --issuer ${issuer}` : ''),
    calls: `${program('reference-client')} call ${mcpServer} notes_list${account} --parallel 8 --repeat 3 --every 2000`,
    signOut: `${program('reference-client')} logout ${mcpServer} --profile ${provider.id}`,
  }
}

/** Whether a client on this machine cannot register itself at the emulation. */
function isRegisteredByHand(emulated: string): boolean {
  const server = findEmulatedServer(emulated)
  if (server === undefined) return false
  const { registration, refusesRegistration } = emulationOf(server)
  return !registration || refusesRegistration
}

/** The section "Try it locally", with the outputs empty. */
export function tryItLocally(product: Product): string {
  const { provider } = product
  const trial = trialOf(product)
  const byHand = trial.signIn.includes('--client-id')
  return [
    `\`--emulate ${provider.emulated}\` makes the reference authorization server behave like this product (${product.server.product}), as far as sources say how. Everything else is its own behavior. You need [a clone that is built](index.md#try-one-locally). Access tokens live for ${lifetimeSeconds} seconds here, so that you see a refresh.`,
    'Start the authorization server in one terminal:',
    shell(trial.authorizationServer),
    ...(byHand
      ? [
          product.server.behaviors.registration?.value === 'listed-and-refused'
            ? '`--local-client` registers a client by hand, because this product refuses clients that register themselves until you configure it.'
            : '`--local-client` registers a client by hand, because this product registers none on request.',
        ]
      : []),
    ...(provider.withOfflineAccess === undefined
      ? []
      : ['The emulation has the lifetimes of a sign-in without `offline_access`.']),
    ...(trial.authorizationServer.includes('--resource')
      ? [
          '`--resource` stands for the configuration of the product: a request cannot name the resource here.',
        ]
      : []),
    'Start an MCP server in a second terminal:',
    shell(trial.mcpServer),
    'Sign in from a third one:',
    shell(trial.signIn),
    'Make eight calls at once, again and again, until the access token has expired:',
    shell(trial.calls),
    'No call failed, and you did not have to sign in again. Sign out:',
    shell(trial.signOut),
  ].join('\n\n')
}

/** A command and its output, which is filled in when the commands run. */
function shell(command: string): string {
  return `\`\`\`sh\n${command}\n\`\`\`\n\n\`\`\`text\n\`\`\``
}
