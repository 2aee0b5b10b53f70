import type { Options, ThemeConfig } from '@docusaurus/preset-classic'
import type { Config } from '@docusaurus/types'
import { apiPackages } from './config/api-packages.ts'
import { apiReference, generatedOverviews } from './config/api-reference.ts'
import { highlightCode } from './config/highlight-code.ts'
import { repository } from './config/repository.ts'
import { withoutPrism } from './config/without-prism.ts'

const config: Config = {
  title: 'Evergrant',
  tagline: 'MCP sign-ins that last',
  url: 'https://evergrant.github.io',
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
          editUrl: ({ docPath }) =>
            docPath.startsWith('reference/')
              ? undefined
              : `${repository}/edit/main/docs/${docPath}`,
          breadcrumbs: true,
          exclude: [generatedOverviews],
          rehypePlugins: [highlightCode],
        },
        blog: false,
        theme: { customCss: './src/css/custom.css' },
      } satisfies Options,
    ],
  ],
  plugins: [withoutPrism, ...apiPackages.map(({ name, entries }) => apiReference(name, entries))],
  themeConfig: {
    colorMode: { respectPrefersColorScheme: true },
    navbar: {
      title: 'Evergrant',
      logo: { alt: '', src: 'img/favicon.svg' },
      items: [
        { type: 'doc', docId: 'tutorial', label: 'Tutorial', position: 'left' },
        { type: 'doc', docId: 'guides/clients', label: 'Guides', position: 'left' },
        { type: 'doc', docId: 'reference/requirements', label: 'Reference', position: 'left' },
        { href: repository, label: 'GitHub', position: 'right' },
      ],
    },
    footer: {
      copyright: `MIT licence · <a href="${repository}">${repository.slice('https://'.length)}</a>`,
    },
  } satisfies ThemeConfig,
}

export default config
