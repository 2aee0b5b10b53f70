/** The names that operators and users see. */

export const commandName = 'evergrant-mcp-server'

/** `EVERGRANT_MCP_PORT` is the option `--port`. */
export const variablePrefix = 'EVERGRANT_MCP_'

/** The name of the protected resource, and of the MCP server. */
export const resourceTitle = 'Evergrant notes'
