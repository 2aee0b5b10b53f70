/** Nothing to add to a highlighter that is not there. See `config/without-prism.ts`. */
export default function prismIncludeLanguages(): void {}
