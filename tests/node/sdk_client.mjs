// Drives the server over stdio with the TypeScript SDK and prints what happened as one JSON object.
//
//   node sdk_client.mjs '{"client": "sdk" | "legacy" | "auto", "command": [...], "steps": [...]}'
//
// `sdk` is @modelcontextprotocol/sdk (the 1.x line), `legacy` and `auto` are @modelcontextprotocol/client
// with that version negotiation. The SDK validates structured results against the output schemas. Steps:
//
//   {"list": true}                                            everything the server offers
//   {"call": name, "arguments": {...}, "progress": true}      a tool call, with its progress
//     "cancelAfterProgress": n                                cancels it after n notifications
//     "until": field                                          repeats it until that list of its result holds
//                                                             something
//   {"read": uri}                                             a resource
//   {"prompt": name, "arguments": {...}}                      a prompt

const { client: kind, command, env, steps } = JSON.parse(process.argv[2]);
const name = { name: "k6-mcp-tests", version: "1.0.0" };

async function connected() {
  const [program, ...args] = command;
  const server = { command: program, args, env: { ...process.env, ...env }, stderr: "pipe" };
  if (kind === "sdk") {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
    return connect(new Client(name), new StdioClientTransport(server));
  }
  const { Client } = await import("@modelcontextprotocol/client");
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  return connect(new Client(name, { versionNegotiation: { mode: kind } }), new StdioClientTransport(server));
}

async function connect(client, transport) {
  let stderr = "";
  transport.stderr?.on("data", (data) => (stderr += data));
  await client.connect(transport);
  return { client, stderr: () => stderr };
}

async function call(client, step) {
  const progress = [];
  const aborting = new AbortController();
  const options = { timeout: 60_000, signal: aborting.signal };
  if (step.progress || step.cancelAfterProgress) {
    options.onprogress = (update) => {
      progress.push(update);
      if (progress.length === step.cancelAfterProgress) aborting.abort("no longer needed");
    };
  }
  const params = { name: step.call, arguments: step.arguments ?? {} };
  const result = await (
    kind === "sdk" ? client.callTool(params, undefined, options) : client.callTool(params, options)
  ).catch((error) => ({ rejected: String(error?.message ?? error) }));
  return { ...result, progress };
}

/** Repeats a call until the named list in its result is not empty, for at most 20 s. */
async function callUntil(client, step) {
  for (let left = 100; ; left--) {
    const result = await call(client, step);
    if (left === 0 || result.structuredContent?.[step.until]?.length) return result;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function run(client, step) {
  if (step.list) {
    const { tools } = await client.listTools();
    const { resources } = await client.listResources();
    const { resourceTemplates } = await client.listResourceTemplates();
    const { prompts } = await client.listPrompts();
    return { tools, resources, resourceTemplates, prompts };
  }
  if (step.until) return callUntil(client, step);
  if (step.call) return call(client, step);
  if (step.read) return client.readResource({ uri: step.read });
  return client.getPrompt({ name: step.prompt, arguments: step.arguments ?? {} });
}

const { client, stderr } = await connected();
const results = [];
for (const step of steps) results.push(await run(client, step));
const version = kind === "sdk" ? undefined : client.getNegotiatedProtocolVersion();
const server = client.getServerVersion();
await client.close();
console.log(JSON.stringify({ server, version, results, stderr: stderr() }));
