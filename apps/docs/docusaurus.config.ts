import type { Options, ThemeConfig } from '@docusaurus/preset-classic'
import type { Config } from '@docusaurus/types'
import { themes } from 'prism-react-renderer'

const repository = 'https://github.com/evergrant/evergrant'

/** One generated API reference: a package and the entry points it publishes. */
function apiReference(name: string, entries: readonly string[]): [string, object] {
  return [
    'docusaurus-plugin-typedoc',
    {
      id: name,
      entryPoints: entries.map((entry) => `../../packages/${name}/src/${entry}.ts`),
      tsconfig: `../../packages/${name}/tsconfig.json`,
      out: `../../docs/reference/api/${name}`,
      name: `@evergrant/${name}`,
      readme: 'none',
      disableSources: true,
      excludeInternal: true,
      hidePageHeader: true,
      parametersFormat: 'table',
      propertiesFormat: 'table',
      sidebar: { autoConfiguration: false },
    },
  ]
}

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
          editUrl: `${repository}/edit/main/docs/`,
          breadcrumbs: true,
        },
        blog: false,
        theme: { customCss: './src/css/custom.css' },
      } satisfies Options,
    ],
  ],
  plugins: [
    apiReference('core', ['index']),
    apiReference('client', [
      'index',
      'fetch',
      'headless',
      'loopback',
      'sdk-v1',
      'sdk-v2',
      'stores/contract',
      'stores/file',
      'stores/memory',
    ]),
    apiReference('resource-server', ['index', 'fetch', 'express']),
    apiReference('authorization-server', ['index', 'oidc-provider']),
  ],
  themeConfig: {
    colorMode: { respectPrefersColorScheme: true },
    navbar: {
      title: 'Evergrant',
      logo: { alt: '', src: 'img/favicon.svg' },
      items: [
        { type: 'doc', docId: 'tutorial', label: 'Tutorial', position: 'left' },
        { type: 'docSidebar', sidebarId: 'docs', label: 'Docs', position: 'left' },
        { type: 'doc', docId: 'reference/requirements', label: 'Requirements', position: 'left' },
        { href: repository, label: 'GitHub', position: 'right' },
      ],
    },
    footer: {
      copyright: `MIT licence · <a href="${repository}">${repository.slice('https://'.length)}</a>`,
    },
    prism: {
      theme: themes.github,
      darkTheme: themes.vsDark,
      additionalLanguages: ['bash', 'diff', 'http', 'json'],
    },
  } satisfies ThemeConfig,
}

export default config
