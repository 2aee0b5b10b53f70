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
      // Types are checked elsewhere, with the compiler that the packages are built with.
      skipErrorChecking: true,
      hidePageHeader: true,
      pageTitleTemplates: { index: '{projectName}', module: '{name}', member: '{name}' },
      parametersFormat: 'table',
      propertiesFormat: 'table',
      sidebar: { autoConfiguration: false },
    },
  ]
}

type DocsOptions = Exclude<Options['docs'], false | undefined>
type SidebarItemsGenerator = NonNullable<DocsOptions['sidebarItemsGenerator']>
type SidebarItem = Awaited<ReturnType<SidebarItemsGenerator>>[number]

/**
 * The generated pages as a sidebar: folders by readable names, what the package itself exports
 * first, then its subpaths.
 */
const apiSidebar: SidebarItemsGenerator = async (input) => {
  const { dirName } = input.item
  const items = await input.defaultSidebarItemsGenerator(input)
  if (!dirName.startsWith('reference/api/')) return items
  const shown = items.filter((item) => item.type !== 'doc' || item.id !== `${dirName}/index`)
  const own = shown.flatMap((item) => (isOwn(item) ? item.items : []))
  return [...own, ...shown.filter((item) => !isOwn(item))].map(named)
}

function isOwn(item: SidebarItem): item is SidebarItem & { type: 'category' } {
  return item.type === 'category' && item.label === 'index'
}

function named(item: SidebarItem): SidebarItem {
  if (item.type !== 'category') return item
  const label = kinds[item.label] ?? item.label
  return { ...item, label, items: item.items.map(named) }
}

/** What typedoc calls its folders. */
const kinds: Readonly<Record<string, string>> = {
  classes: 'Classes',
  functions: 'Functions',
  interfaces: 'Interfaces',
  'type-aliases': 'Types',
  variables: 'Constants',
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
  themes: [
    [
      '@easyops-cn/docusaurus-search-local',
      // The index is made with the site: nothing that is typed leaves the browser.
      { docsRouteBasePath: '/', docsDir: '../../docs', indexBlog: false, hashed: true },
    ],
  ],
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
          sidebarItemsGenerator: apiSidebar,
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
      'guarded-fetch',
      'proxy-fetch',
      'headless',
      'loopback',
      'opentelemetry',
      'refresh-worker',
      'sdk-v1',
      'sdk-v2',
      'stores/contract',
      'stores/file',
      'stores/key-rotation',
      'stores/memory',
      'stores/postgres',
      'stores/redis',
    ]),
    apiReference('resource-server', ['index', 'fetch', 'express', 'node']),
    apiReference('authorization-server', [
      'index',
      'oidc-provider',
      'client-documents',
      'guarded-fetch',
    ]),
    apiReference('doctor', ['index', 'certificate']),
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
        { type: 'doc', docId: 'reference/api/client/index', label: 'API', position: 'left' },
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
