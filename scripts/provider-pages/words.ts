/** Identifiers that facts name without code formatting, because they are printed on terminals, too. */
const identifiers =
  /(?<![`\w/.:-])(?:offline_access|prompt=consent|access_type=offline|access_type|code_challenge_methods_supported|token_endpoint_auth_methods_supported|scopes_supported|oauth-authorization-server|openid-configuration|grant_types_supported|response_types_supported|grant_types|refresh_token|client_secret|invalid_scope|invalid_grant|invalid_target|reuseRefreshTokens\(false\)|REFRESH_TOKEN_GRACE_PERIOD_SECONDS|offline(?= is an alias)|audience(?= names)|resource(?= (?:is|has|and|with))|(?<=repeat )resource|aud(?= is)|iss(?= is))(?![`\w])/gu

/** A fact of the emulation as a sentence in Markdown. */
export function sentence(text: string): string {
  const marked = text.replace(identifiers, '`$&`')
  const first = marked.startsWith('`') ? '`' : marked.charAt(0).toUpperCase()
  return `${first}${marked.slice(1)}${/[.!?]$/.test(marked) ? '' : '.'}`
}

/** A number of seconds in its largest useful unit: `30 days`, `90 minutes`. */
export function duration(seconds: number): string {
  // The sources say six months. Half a year in days would be more exact than they are.
  if (seconds === 182 * 86_400) return '6 months'
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ]
  const [size, name] = units.find(([one]) => seconds >= one && seconds % one === 0) ?? [1, 'second']
  const count = seconds / size
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

/** A source of the emulation: a URL, a file in a repository, or a version. */
export function referenceOf(source: string): {
  readonly title: string
  readonly isNamed: false
  readonly url: string | undefined
} {
  if (source.startsWith('https://')) {
    const title = source
      .slice('https://'.length)
      .replace(/[?#].*$/, '')
      .replace(/\/$/, '')
    return { title, isNamed: false, url: source }
  }
  const atFile = /^(?<repo>[\w.-]+\/[\w.-]+), (?<path>\S+)@(?<commit>[0-9a-f]{7,})$/u.exec(source)
  const atCommit = /^(?<repo>[\w.-]+\/[\w.-]+)@(?<commit>[0-9a-f]{7,})(?:, (?<path>\S+))?$/u.exec(
    source,
  )
  const { repo, path, commit } = { ...atFile?.groups, ...atCommit?.groups }
  if (repo === undefined || commit === undefined) {
    return { title: source, isNamed: false, url: undefined }
  }
  const kind = path === undefined ? 'tree' : 'blob'
  const url = `https://github.com/${repo}/${kind}/${commit}/${path ?? ''}`.replace(/\/$/, '')
  return { title: `${repo}${path === undefined ? '' : `, ${path}`}`, isNamed: false, url }
}
