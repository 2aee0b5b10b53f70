import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { entryOf } from '../src/hosts/entry.ts'
import { mcpHosts } from '../src/hosts/host-files.ts'
import { hostPath } from '../src/hosts/host-path.ts'
import { runInProcess, temporaryFolder } from './support.ts'

const url = 'https://mcp.example.com/mcp'

test.each(mcpHosts.map((host) => [host.id, host] as const))(
  'config: prints an entry for %s',
  async (id, host) => {
    await using home = await temporaryFolder()
    const env = { HOME: home.path, XDG_CONFIG_HOME: undefined, APPDATA: undefined }
    const { code, out, err } = await runInProcess(['config', id, url], { env })
    expect(code).toBe(0)
    expect(out).toContain(url)
    expect(out).toContain(host.member)
    expect(err).toContain(hostPath(host, { platform: process.platform, env }))
    expect(await readdir(home.path)).toEqual([])
    expect(host.source).toMatch(/^https:/)
  },
)

test.each([
  ['darwin', '/home/me/Library/Application Support/Claude/claude_desktop_config.json'],
  ['linux', '/home/me/.config/Claude/claude_desktop_config.json'],
  ['win32', '/home/me/AppData/Roaming/Claude/claude_desktop_config.json'],
] as const)('config: finds the file of Claude Desktop on %s', (platform, expected) => {
  const [claude] = mcpHosts
  const found = claude && hostPath(claude, { platform, env: { HOME: '/home/me' } })
  expect(found?.replaceAll('\\', '/')).toBe(expected)
})

test('config: writes an entry, and keeps comments, other entries, permissions and a backup', async () => {
  await using folder = await temporaryFolder()
  const file = path.join(folder.path, 'mcp.json')
  const before =
    '{\n\t// my servers\n\t"mcpServers": {\n\t\t"other": { "command": "x" }, // keep\n\t},\n\t"theme": "dark"\n}\n'
  await writeFile(file, before, { mode: 0o640 })
  const args = ['config', 'cursor', url, '--write', '--file', file]
  const { code, out } = await runInProcess([...args, '--', '--ignore-tool', 'delete*'], {})
  expect(code).toBe(0)
  const after = await readFile(file, 'utf8')
  expect(after).toContain('// my servers')
  expect(after).toContain('"other": { "command": "x" }, // keep')
  expect(after).toContain('"theme": "dark"')
  expect(after).toContain('"--ignore-tool"')
  expect(out).toContain(`Added example in ${file}. The former file is ${file}.backup-1.`)
  expect(await readFile(`${file}.backup-1`, 'utf8')).toBe(before)
  expect((await readdir(folder.path)).toSorted()).toEqual(['mcp.json', 'mcp.json.backup-1'])
  const mode = (await stat(file)).mode & 0o777
  // Windows has no such permissions.
  expect(process.platform === 'win32' ? 0o640 : mode).toBe(0o640)

  const again = await runInProcess([...args, '--', '--ignore-tool', 'delete*'], {})
  expect(again.out).toContain('has this entry already')
  const replaced = await runInProcess(args, {})
  expect(replaced.out).toContain(
    `Replaced example in ${file}. The former file is ${file}.backup-2.`,
  )
})

test('config: creates a file that is missing, and follows a link', async () => {
  await using folder = await temporaryFolder()
  const target = path.join(folder.path, 'target.json')
  const file = path.join(folder.path, 'linked.json')
  await writeFile(target, '')
  await symlink(target, file)
  await runInProcess(['config', 'vscode', url, '--write', '--file', file, '--installed'], {})
  const vscode = mcpHosts.find(({ id }) => id === 'vscode')
  const command = { command: 'evergrant', args: ['proxy', url] }
  expect(JSON.parse(await readFile(target, 'utf8'))).toEqual({
    servers: { example: vscode && entryOf(vscode, 'example', command) },
  })
  const missing = path.join(folder.path, 'new', 'mcp.json')
  const { code, out } = await runInProcess(
    ['config', 'cursor', url, '--write', '--file', missing, '--json'],
    {},
  )
  expect([code, JSON.parse(out).written]).toEqual([0, true])
})

test('config: keeps the byte order mark that editors on Windows write', async () => {
  await using folder = await temporaryFolder()
  const file = path.join(folder.path, 'mcp.json')
  await writeFile(file, '\uFEFF{"mcpServers":{}}\r\n')
  const { code } = await runInProcess(['config', 'cursor', url, '--write', '--file', file], {})
  expect(code).toBe(0)
  const after = await readFile(file, 'utf8')
  expect(after).toMatch(/^\uFEFF\{\r\n/)
  expect(JSON.parse(after.slice(1)).mcpServers.example.args).toContain(url)
})

test('config: a link to a missing file stays a link', async () => {
  await using folder = await temporaryFolder()
  const file = path.join(folder.path, 'linked.json')
  await symlink('target.json', file)
  await runInProcess(['config', 'cursor', url, '--write', '--file', file], {})
  expect((await lstat(file)).isSymbolicLink()).toBe(true)
  expect(await readFile(path.join(folder.path, 'target.json'), 'utf8')).toContain(url)
})

test('config: adds an entry with the name of an inherited member', async () => {
  await using folder = await temporaryFolder()
  const file = path.join(folder.path, 'mcp.json')
  const args = ['config', 'cursor', url, '--write', '--file', file, '--name', 'constructor']
  expect((await runInProcess(args, {})).out).toContain('Added constructor')
})

test('config: accepts http on another host with the option of the proxy', async () => {
  const args = ['config', 'cursor', 'http://mcp.lan/mcp']
  expect((await runInProcess(args, {})).code).toBe(2)
  expect((await runInProcess([...args, '--', '--allow-http'], {})).out).toContain('--allow-http')
})

test.each([
  ['not JSON', '{ "mcpServers": '],
  ['another type', '{ "mcpServers": [] }'],
  ['no object', '[1]'],
])('config: does not change a file with %s', async (_name, content) => {
  await using folder = await temporaryFolder()
  const file = path.join(folder.path, 'mcp.json')
  await writeFile(file, content)
  const { code, err } = await runInProcess(['config', 'cursor', url, '--write', '--file', file], {})
  expect(code).toBe(4)
  expect(err).toContain('was not changed')
  expect(await readFile(file, 'utf8')).toBe(content)
  expect(await readdir(folder.path)).toEqual(['mcp.json'])
})

test('config: reports a file that cannot be written', async () => {
  await using folder = await temporaryFolder()
  const file = path.join(folder.path, 'folder.json')
  await mkdir(file)
  const { code, err } = await runInProcess(['config', 'cursor', url, '--write', '--file', file], {})
  expect(code).toBe(4)
  expect(err).toContain('EISDIR')
})

test.each([
  [['config', 'emacs', url], 'claude-desktop'],
  [['config', 'goose', url, '--write'], 'paste the entry'],
  [['config', 'cursor', 'not a url'], 'MCP server URL'],
  [['config', 'cursor', url, '--name', ' '], '--name is empty'],
  [['config', 'cursor', url, '--', '--use-id-token'], '--use-id-token is not supported'],
  [['config', 'cursor', url, '--', '--no-such-option'], '--no-such-option'],
])('config: says what is wrong with %j', async (args, expected) => {
  const { code, err } = await runInProcess(args, {})
  expect(code).toBe(2)
  expect(err).toContain(expected)
})
