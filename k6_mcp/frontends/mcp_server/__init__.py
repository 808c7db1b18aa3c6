"""The MCP server: tools, resources, prompts over stdio and loopback HTTP; the only importer of `mcp`."""
