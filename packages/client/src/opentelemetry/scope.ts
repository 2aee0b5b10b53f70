/** The name of the meter and of the tracer of this package. */
export const scope = '@evergrant/client'

/** The beginning of the names of all metrics. */
export const metricPrefix = 'evergrant.client.'
