import vm from 'node:vm'

/**
 * Imports a package that has no CommonJS form, resolved from the working directory. Docusaurus
 * compiles its configuration to CommonJS and turns each `import()` of it into `require()`.
 */
export const importModule = vm.runInThisContext('(name) => import(name)', {
  importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}) as (name: string) => Promise<unknown>
