import type { Command } from 'commander'
import { startWithSettings } from '../server.ts'
import { readConfiguration } from '../settings/read-configuration.ts'
import type { ConfigurationSources } from '../settings/read-configuration.ts'
import { defaultOf, settings } from '../settings/settings-table.ts'
import { createJsonLog } from '../telemetry/json-log.ts'
import { sourcesOf } from './command-settings.ts'
import type { CliEnvironment } from './environment.ts'
import { summary } from './summary.ts'
import { variablePrefix } from '../names.ts'

export function addServeCommand(program: Command, environment: CliEnvironment): void {
  const command = program
    .command('serve')
    .description(
      'start the server. Each setting is a flag, an environment variable such as ' +
        `${variablePrefix}ACCESS_TOKEN_TTL, or an entry such as "access-token-ttl" of the file that ` +
        '--config names, in this order of precedence.',
    )
    .option('--config <file>', 'JSON file with settings')
    .option('--json', 'print one line of JSON on stdout when ready')
  for (const setting of settings) {
    const { name, kind, help } = setting
    const text = defaultOf(setting)
    const described = text === undefined ? help : `${help} (default: ${text})`
    if (kind.flag === 'switch') command.option(`--${name}`, described)
    else if (kind.flag === 'values') command.option(`--${name} <values>`, described, collect)
    else if (kind.flag === 'value') command.option(`--${name} <value>`, described)
  }
  command.action(async () => await serve(sourcesOf(command, environment), environment))
}

async function serve(
  sources: ConfigurationSources,
  { stdout, stderr, stopped }: CliEnvironment,
): Promise<void> {
  const configuration = readConfiguration(sources)
  const stop = stopped()
  const server = await startWithSettings(configuration.settings, { log: createJsonLog(stderr) })
  stderr(summary(server, configuration.sources))
  if (sources.flags['json'] === true) {
    const { issuer, url } = server
    stdout(`${JSON.stringify({ event: 'ready', issuer, url, pid: process.pid })}\n`)
  }
  await stop
  await server.close()
  stderr('Stopped.\n')
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}
