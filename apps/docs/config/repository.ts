/** Where the sources are published. */
export const repository = 'https://github.com/evergrant/evergrant'
