import { randomBytes } from 'node:crypto'
import {
  copyFile,
  constants,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import path from 'node:path'
import { applyEdits, modify, parse } from 'jsonc-parser'
import type { ParseError } from 'jsonc-parser'
import { CliError } from '../lib/errors.ts'
import { fileAdvice } from '../lib/file-advice.ts'
import type { McpHost } from './host-files.ts'

/** What writing did. */
export interface WrittenEntry {
  readonly file: string
  /** The copy of the former file; absent if there was none. */
  readonly backup: string | undefined
  /** Whether the file had another entry of this name. */
  readonly replaced: boolean
  /** The entry was there already, so nothing was written. */
  readonly unchanged: boolean
}

/**
 * Writes an entry into the file of a host. Comments and everything else in the file stay. The file is
 * replaced as a whole, and its former content is kept beside it.
 *
 * @throws CliError `CONFIG_UNUSABLE`. The file is then unchanged.
 */
export async function writeEntry(
  host: McpHost,
  given: string,
  name: string,
  entry: unknown,
): Promise<WrittenEntry> {
  const file = await linkTarget(given)
  try {
    const before = await readFile(file, 'utf8').catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    })
    // Editors on Windows start files with a byte order mark.
    const mark = before?.startsWith(byteOrderMark) === true ? byteOrderMark : ''
    const content = (before ?? '').slice(mark.length)
    const text = content.trim() === '' ? '{}' : content
    const existing = entryIn(text, host, name, file)
    if (JSON.stringify(existing) === JSON.stringify(entry)) {
      return { file, backup: undefined, replaced: false, unchanged: true }
    }
    const edits = modify(text, [host.member, name], entry, {
      // At the end, a comment behind the last entry would move to the new one.
      getInsertionIndex: () => 0,
      formattingOptions: { insertSpaces: !text.includes('\n\t'), tabSize: 2, eol: eolOf(text) },
    })
    const changed = applyEdits(text, edits)
    // Of a member that is there twice, the edit changes the first one, and readers use the last one.
    if (JSON.stringify(entryIn(changed, host, name, file)) !== JSON.stringify(entry)) {
      throw new CliError(
        'CONFIG_UNUSABLE',
        `The configuration of ${host.name} was not changed: ${JSON.stringify(file)} contains ${JSON.stringify(host.member)} or the entry ${JSON.stringify(name)} twice. Remove one of them, or run the command without --write and paste the entry.`,
      )
    }
    const backup = before === undefined ? undefined : await backUp(file)
    await replace(file, `${mark}${changed.trimEnd()}${eolOf(text)}`)
    return { file, backup, replaced: existing !== undefined, unchanged: false }
  } catch (error) {
    if (CliError.is(error)) throw error
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new CliError(
      'CONFIG_UNUSABLE',
      `The configuration of ${host.name} was not changed: ${JSON.stringify(file)} cannot be read or written${reason}. ${fileAdvice(error)} Or run the command without --write and paste the entry.`,
      { cause: error },
    )
  }
}

const byteOrderMark = '\uFEFF'
const longestLinkChain = 8

/** A link, such as one of a manager of configuration files, stays a link, even to a missing file. */
async function linkTarget(given: string): Promise<string> {
  let file = given
  for (let links = 0; links < longestLinkChain; links += 1) {
    const found = await realpath(file).catch(() => undefined)
    if (found !== undefined) return found
    const target = await readlink(file).catch(() => undefined)
    if (target === undefined) return file
    file = path.resolve(path.dirname(file), target)
  }
  return file
}

function entryIn(text: string, host: McpHost, name: string, file: string): unknown {
  const errors: ParseError[] = []
  const content: unknown = parse(text, errors, { allowTrailingComma: true })
  const servers = isObject(content) ? content[host.member] : undefined
  if (errors.length > 0 || !isObject(content) || (servers !== undefined && !isObject(servers))) {
    throw new CliError(
      'CONFIG_UNUSABLE',
      `The configuration of ${host.name} was not changed: ${JSON.stringify(file)} is not JSON with an object ${JSON.stringify(host.member)}. Correct it, or run the command without --write and paste the entry.`,
    )
  }
  return servers !== undefined && Object.hasOwn(servers, name) ? servers[name] : undefined
}

async function backUp(file: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const backup = `${file}.backup-${number}`
    try {
      await copyFile(file, backup, constants.COPYFILE_EXCL)
      return backup
    } catch (error) {
      if (!hasCode(error, 'EEXIST') || number >= 1000) throw error
    }
  }
}

async function replace(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  const mode = await stat(file).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  )
  const temporary = `${file}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`
  try {
    const handle = await open(temporary, 'wx', mode)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } finally {
    await rm(temporary, { force: true })
  }
}

function eolOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
