/** How to repair a file or folder that cannot be used, by the code of the system. */
export function fileAdvice(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'Free space on its disk.'
  return code === 'EROFS' ? 'Its file system is read-only.' : 'Fix its permissions.'
}
