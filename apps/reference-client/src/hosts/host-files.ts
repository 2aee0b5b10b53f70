/** Where a host keeps its MCP servers, and in which form. */
export interface McpHost {
  readonly id: string
  readonly name: string
  /** The configuration of the user, by operating system; `undefined` where the host does not exist. */
  readonly file: HostFile
  /** The member of the file that holds the servers. */
  readonly member: string
  readonly format: 'json' | 'yaml' | 'toml'
  /** The form of an entry. */
  readonly entry: 'command' | 'command-with-type' | 'command-list' | 'goose' | 'continue'
  /** What the user does after a change. */
  readonly afterwards: string
  /** The documentation of the host. */
  readonly source: string
}

/** A path below the folder of each operating system, with `/`. */
export interface HostFile {
  readonly darwin: string
  readonly linux: string
  readonly win32: string
}

/** `~` is the home folder, `$CONFIG` is `XDG_CONFIG_HOME` or `~/.config`, `%APPDATA%` is of Windows. */
const everywhere = (path: string): HostFile => ({ darwin: path, linux: path, win32: path })

function applicationData(path: string): HostFile {
  return {
    darwin: `~/Library/Application Support/${path}`,
    linux: `$CONFIG/${path}`,
    win32: `%APPDATA%/${path}`,
  }
}

/** The common hosts. */
export const mcpHosts: readonly McpHost[] = [
  {
    id: 'claude-desktop',
    name: 'Claude Desktop',
    file: applicationData('Claude/claude_desktop_config.json'),
    member: 'mcpServers',
    format: 'json',
    entry: 'command',
    afterwards: 'Quit and start Claude Desktop.',
    source: 'https://modelcontextprotocol.io/docs/develop/connect-local-servers',
  },
  {
    id: 'claude-code',
    name: 'Claude Code',
    file: everywhere('~/.claude.json'),
    member: 'mcpServers',
    format: 'json',
    entry: 'command-with-type',
    afterwards: 'Start Claude Code again.',
    source: 'https://code.claude.com/docs/en/mcp',
  },
  {
    id: 'cursor',
    name: 'Cursor',
    file: everywhere('~/.cursor/mcp.json'),
    member: 'mcpServers',
    format: 'json',
    entry: 'command',
    afterwards: 'Enable the server in the settings of Cursor.',
    source: 'https://cursor.com/docs/context/mcp',
  },
  {
    id: 'vscode',
    name: 'VS Code',
    file: applicationData('Code/User/mcp.json'),
    member: 'servers',
    format: 'json',
    entry: 'command-with-type',
    afterwards: 'Run the command "MCP: List Servers" and start the server.',
    source: 'https://code.visualstudio.com/docs/copilot/customization/mcp-servers',
  },
  {
    id: 'windsurf',
    name: 'Windsurf',
    file: everywhere('~/.codeium/windsurf/mcp_config.json'),
    member: 'mcpServers',
    format: 'json',
    entry: 'command',
    afterwards: 'Refresh the MCP servers in the settings of Windsurf.',
    source: 'https://docs.windsurf.com/windsurf/cascade/mcp',
  },
  {
    id: 'cline',
    name: 'Cline',
    file: applicationData(
      'Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json',
    ),
    member: 'mcpServers',
    format: 'json',
    entry: 'command',
    afterwards: 'Cline notices the change.',
    source: 'https://docs.cline.bot/mcp/configuring-mcp-servers',
  },
  {
    id: 'roo-code',
    name: 'Roo Code',
    file: applicationData(
      'Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json',
    ),
    member: 'mcpServers',
    format: 'json',
    entry: 'command',
    afterwards: 'Roo Code notices the change.',
    source: 'https://docs.roocode.com/features/mcp/using-mcp-in-roo',
  },
  {
    id: 'zed',
    name: 'Zed',
    file: {
      darwin: '~/.config/zed/settings.json',
      linux: '$CONFIG/zed/settings.json',
      win32: '%APPDATA%/Zed/settings.json',
    },
    member: 'context_servers',
    format: 'json',
    entry: 'command',
    afterwards: 'Zed notices the change.',
    source: 'https://zed.dev/docs/ai/mcp',
  },
  {
    id: 'gemini-cli',
    name: 'Gemini CLI',
    file: everywhere('~/.gemini/settings.json'),
    member: 'mcpServers',
    format: 'json',
    entry: 'command',
    afterwards: 'Start Gemini CLI again.',
    source: 'https://geminicli.com/docs/tools/mcp-server/',
  },
  {
    id: 'lm-studio',
    name: 'LM Studio',
    file: everywhere('~/.lmstudio/mcp.json'),
    member: 'mcpServers',
    format: 'json',
    entry: 'command',
    afterwards: 'LM Studio notices the change.',
    source: 'https://lmstudio.ai/docs/app/mcp',
  },
  {
    id: 'kiro',
    name: 'Kiro',
    file: everywhere('~/.kiro/settings/mcp.json'),
    member: 'mcpServers',
    format: 'json',
    entry: 'command',
    afterwards: 'Kiro notices the change.',
    source: 'https://kiro.dev/docs/mcp/configuration/',
  },
  {
    id: 'opencode',
    name: 'opencode',
    file: {
      darwin: '~/.config/opencode/opencode.json',
      linux: '$CONFIG/opencode/opencode.json',
      win32: '~/.config/opencode/opencode.json',
    },
    member: 'mcp',
    format: 'json',
    entry: 'command-list',
    afterwards: 'Start opencode again.',
    source: 'https://opencode.ai/docs/mcp-servers/',
  },
  {
    id: 'codex',
    name: 'Codex CLI',
    file: everywhere('~/.codex/config.toml'),
    member: 'mcp_servers',
    format: 'toml',
    entry: 'command',
    afterwards: 'Start Codex again.',
    source: 'https://developers.openai.com/codex/mcp',
  },
  {
    id: 'goose',
    name: 'Goose',
    file: {
      darwin: '~/.config/goose/config.yaml',
      linux: '$CONFIG/goose/config.yaml',
      win32: '%APPDATA%/Block/goose/config/config.yaml',
    },
    member: 'extensions',
    format: 'yaml',
    entry: 'goose',
    afterwards: 'Start Goose again.',
    source: 'https://block.github.io/goose/docs/getting-started/using-extensions',
  },
  {
    id: 'continue',
    name: 'Continue',
    file: everywhere('~/.continue/config.yaml'),
    member: 'mcpServers',
    format: 'yaml',
    entry: 'continue',
    afterwards: 'Reload the configuration of Continue.',
    source: 'https://docs.continue.dev/customize/deep-dives/mcp',
  },
]
