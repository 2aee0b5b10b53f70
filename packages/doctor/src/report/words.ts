import type { Report } from './report.ts'

/** How the server treats requests without a token, in one sentence. */
export function describeAccess({ access, discovery }: Report): string {
  switch (access) {
    case 'open':
      return 'the server requires no sign-in.'
    case 'protected':
    case 'partly-protected': {
      const when = access === 'protected' ? '' : ' for some requests'
      return discovery?.outcome === 'found'
        ? `requires a sign-in${when} at ${discovery.issuer}.`
        : `requires a sign-in${when}, and clients cannot find out where.`
    }
    case 'unreachable':
      return 'no answer.'
    case 'refused':
      return 'refuses requests without a token in a way that clients do not understand.'
    case 'redirected':
      return 'redirects.'
    case 'failing':
      return 'fails, so nothing else could be checked.'
    case 'not-mcp':
      return 'no MCP server answers here.'
  }
}
