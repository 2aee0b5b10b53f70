#!/usr/bin/env node
// Old versions of Node.js must parse this file to say what is wrong, so it has no static import and
// no newer syntax than `import()`.
if (isSupported(process.versions.node.split('.'))) {
  void import('./process.ts').then((program) => program.runProcess())
} else {
  process.stderr.write(
    'evergrant-worker: This version of Node.js is not supported: ' +
      process.version +
      ' (expected 22.16 or later). Install a later version from https://nodejs.org.\n',
  )
  process.exitCode = 2
}

function isSupported(version: readonly string[]): boolean {
  const major = Number(version[0])
  return major > 22 || (major === 22 && Number(version[1]) >= 16)
}
