import type { Options, ThemeConfig } from '@docusaurus/preset-classic'
import type { Config } from '@docusaurus/types'
import { apiPackages } from './config/api-packages.ts'
import { apiReference, generatedOverviews } from './config/api-reference.ts'
import { highlightCode } from './config/highlight-code.ts'
import { repository } from './config/repository.ts'
import { origin } from './config/site.ts'
import { tabGroups } from './config/tab-groups.ts'
import { withoutPrism } from './config/without-prism.ts'

/** Generated pages are edited in their data, if one file has it. */
function editUrl(docPath: string): string | undefined {
  if (docPath.startsWith('reference/')) return undefined
  const [, provider] = /^providers\/(?!index\.md$)([\w-]+)\.md$/.exec(docPath) ?? []
  const file = provider === undefined ? docPath : `providers/data/${provider}.ts`
  return `${repository}/edit/main/docs/${file}`
}

const config: Config = {
  title: 'Evergrant',
  tagline: 'MCP sign-ins that last',
  url: origin,
  baseUrl: '/',
  favicon: 'img/favicon.svg',
  organizationName: 'evergrant',
  projectName: 'evergrant',
  onBrokenLinks: 'throw',
  onBrokenAnchors: 'throw',
  onDuplicateRoutes: 'throw',
  markdown: {
    format: 'detect',
    hooks: { onBrokenMarkdownLinks: 'throw', onBrokenMarkdownImages: 'throw' },
  },
  future: { v4: true, faster: true },
  i18n: { defaultLocale: 'en', locales: ['en'] },
  presets: [
    [
      'classic',
      {
        docs: {
          path: '../../docs',
          routeBasePath: '/',
          sidebarPath: './sidebars.ts',
          editUrl: ({ docPath }) => editUrl(docPath),
          breadcrumbs: true,
          showLastUpdateTime: true,
          // The label of the version picker until 1.0. `docusaurus docs:version 1.0` adds the next.
          versions: { current: { label: '0.x' } },
          exclude: [generatedOverviews],
          rehypePlugins: [highlightCode, tabGroups],
        },
        blog: false,
        theme: { customCss: './src/css/custom.css' },
      } satisfies Options,
    ],
  ],
  clientModules: ['./src/prefetch-on-demand.ts'],
  plugins: [withoutPrism, ...apiPackages.map(({ name, entries }) => apiReference(name, entries))],
  themeConfig: {
    image: 'img/social-card.png',
    // Remove it with the first release.
    announcementBar: {
      id: 'not-published',
      content: `The packages are not on npm yet. Until the first release, <a href="${repository}#ways-to-use-it">use a clone</a>.`,
      isCloseable: false,
    },
    colorMode: { respectPrefersColorScheme: true },
    navbar: {
      title: 'Evergrant',
      logo: { alt: '', src: 'img/favicon.svg' },
      items: [
        // As `doc` items, all of one sidebar would be highlighted on each of its pages.
        { to: '/tutorial', label: 'Tutorial', position: 'left' },
        { to: '/guides', activeBasePath: '/guides', label: 'Guides', position: 'left' },
        { to: '/providers', activeBasePath: '/providers', label: 'Providers', position: 'left' },
        {
          to: '/reference/requirements',
          activeBasePath: '/reference',
          label: 'Reference',
          position: 'left',
        },
        {
          to: '/playground',
          activeBaseRegex: '^/(?:playground|simulator)',
          label: 'Playground',
          position: 'left',
        },
        { type: 'docsVersionDropdown', position: 'right' },
        { href: repository, label: 'GitHub', position: 'right' },
      ],
    },
    footer: {
      copyright: `MIT licence · <a href="${repository}">${repository.slice('https://'.length)}</a>`,
    },
  } satisfies ThemeConfig,
}

export default config
