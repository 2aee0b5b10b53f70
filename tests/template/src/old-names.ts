/** Where a project may still name the original. */
const allowed: readonly RegExp[] = [
  // Links to its documentation and its files.
  /https:\/\/evergrant\.github\.io/g,
  /github\.com\/evergrant\/evergrant/g,
  // Where the project comes from, and the license.
  /Made from \[Evergrant\]/g,
  /It contains code of Evergrant/g,
  /Copyright \(c\) \d{4} Evergrant contributors/g,
]

/** The names that libraries from npm have. */
const allowedOfLibraries: readonly RegExp[] = [
  /@evergrant\/(?:authorization-server|client|core|doctor|resource-server)\b/g,
  /EvergrantClientError/g,
  /evergrant[._]client\b|evergrant_client_|evergrant\.refresh\b/g,
  /evergrant-doctor-/g,
  /vendor\/evergrant-[a-z-]+-\d/g,
]

/** The lines of a file that still have the old name, where it may not be. */
export function oldNames(file: string, text: string, fromTarballs: boolean): readonly string[] {
  const patterns = fromTarballs ? [...allowed, ...allowedOfLibraries] : allowed
  return text.split('\n').flatMap((line, index) => {
    const rest = patterns.reduce((left, pattern) => left.replaceAll(pattern, ''), line)
    return /evergrant/i.test(rest) ? [`${file}:${index + 1}: ${line.trim().slice(0, 160)}`] : []
  })
}
