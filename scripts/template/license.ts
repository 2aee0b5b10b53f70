/**
 * The license of a project. The code of the original is in it, and its license asks that its notice
 * stays. The file at the root goes into every package, so it has both.
 *
 * @param notice - The license of the original.
 */
export function licenseText(
  license: string,
  displayName: string,
  notice: string,
  year: number,
): string {
  const holder = `Copyright (c) ${year} ${displayName} contributors`
  if (license === 'MIT') {
    return notice.replace(/^Copyright .*$/m, (original) => `${holder}\n${original}`)
  }
  const terms =
    license === 'UNLICENSED' ? 'All rights reserved.' : `License: ${license}. Put its text here.`
  return `${displayName}\n\n${holder}\n\n${terms}\n\nIt contains code of Evergrant, under this license:\n\n${notice}`
}
