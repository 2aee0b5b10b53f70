import description from '../../package.json' with { type: 'json' }

/** Of the published package. */
export const version: string = description.version
