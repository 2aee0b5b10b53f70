/** Environment variables by name. */
type Environment = Readonly<Record<string, string | undefined>>

const variables = [
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'ALL_PROXY',
  'all_proxy',
]

/**
 * Says how to use a proxy after the `fetch` of the runtime could not connect. It names the variable
 * and not its value, which can have credentials.
 *
 * @param url - The URL that could not be reached.
 */
export function proxyHint(url: string, environment: Environment = environmentOfProcess()): string {
  // Node.js then uses the variables itself.
  if (environment['NODE_USE_ENV_PROXY'] === '1') return ''
  const isPlain = new URL(url).protocol === 'http:'
  const variable = variables.find(
    (name) => Boolean(environment[name]) && (isPlain || !/^http_/i.test(name)),
  )
  if (variable === undefined) return ''
  return `; ${variable} is set, and the default fetch does not use it (pass the option fetch: proxyFetch(process.env) of @evergrant/client/proxy-fetch)`
}

/** Bundles for browsers contain no import of `node:process`. */
function environmentOfProcess(): Environment {
  return (globalThis as { process?: { env?: Environment } }).process?.env ?? {}
}
