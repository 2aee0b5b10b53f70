/** Generated lists of modules. The sidebar and a page written by hand replace them. */
export const generatedOverviews = 'reference/api/*/overview.md'

/**
 * One generated API reference: a package and the entry points it publishes. Each entry point is one
 * page: with a page for each symbol, the list of pages alone would double the JavaScript of the site,
 * and the results of a search would be full of symbols.
 */
export function apiReference(name: string, entries: readonly string[]): [string, object] {
  return [
    'docusaurus-plugin-typedoc',
    {
      id: name,
      entryPoints: entries.map((entry) => `../../packages/${name}/src/${entry}.ts`),
      tsconfig: `../../packages/${name}/tsconfig.json`,
      out: `../../docs/reference/api/${name}`,
      name: `@evergrant/${name}`,
      readme: 'none',
      outputFileStrategy: 'modules',
      // A package with one entry point has only this page.
      entryFileName: entries.length === 1 ? 'index' : 'overview',
      // Symbols that differ only in case, such as a type and a function, have distinct anchors.
      useHTMLAnchors: true,
      disableSources: true,
      excludeInternal: true,
      // Types are checked elsewhere, with the compiler that the packages are built with.
      skipErrorChecking: true,
      hidePageHeader: true,
      pageTitleTemplates: {
        index: '{projectName}',
        module: ({ name: entry }: { readonly name: string }) =>
          entry === 'index' ? `@evergrant/${name}` : `@evergrant/${name}/${entry}`,
        member: '{name}',
      },
      parametersFormat: 'table',
      propertiesFormat: 'table',
      sidebar: { autoConfiguration: false },
    },
  ]
}
