/** Rejects if the work is not finished within a time. The work goes on. */
export async function withLimit<Result>(
  limitMilliseconds: number,
  work: Promise<Result>,
): Promise<Result> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new Error(`not finished after ${limitMilliseconds / 1000} s: a program hangs`))
  }, limitMilliseconds)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
