// Takes the place of prism-react-renderer. See config/without-prism.ts.
export const Prism = {}
export const themes = {}
