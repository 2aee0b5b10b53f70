/** Where the site is published, without a slash at the end. */
export const origin = 'https://evergrant.github.io'
