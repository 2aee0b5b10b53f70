import { createRequire } from 'node:module'
import type { Plugin } from '@docusaurus/types'

const require = createRequire(import.meta.url)

/**
 * Keeps Prism out of every page. The theme imports it for highlighting in the browser; here, code is
 * highlighted when the site is built.
 */
export function withoutPrism(): Plugin {
  return {
    name: 'without-prism',
    configureWebpack: () => ({
      resolve: { alias: { 'prism-react-renderer$': require.resolve('../src/stubs/prism.js') } },
    }),
  }
}
