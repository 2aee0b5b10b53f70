/** Where the documentation is published. */
export const site = 'https://evergrant.github.io'
