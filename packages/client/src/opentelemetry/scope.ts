/** The name of the meter and of the tracer of this package. */
export const scope = '@evergrant/client'
