import ExecutionEnvironment from '@docusaurus/ExecutionEnvironment'

interface Docusaurus {
  readonly prefetch: (path: string) => unknown
  readonly preload: (path: string) => unknown
}

declare global {
  var docusaurus: Docusaurus | undefined
}

/**
 * Docusaurus loads the page of each link that becomes visible. A guide has eighty of them: looking up
 * each among all routes takes a quarter of the time until a page on a phone reacts, and most of the
 * pages are never opened. A page is still loaded as soon as a pointer or the focus is on its link.
 */
if (ExecutionEnvironment.canUseDOM) {
  let current = globalThis.docusaurus
  // Docusaurus sets it after this module has run, and reads it with each link.
  Object.defineProperty(globalThis, 'docusaurus', {
    configurable: true,
    get: () => current,
    set: (value: Docusaurus) => {
      current = { ...value, prefetch: () => false }
    },
  })
}
