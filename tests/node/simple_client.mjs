// A client that speaks no MCP: it starts the server for one call, writes one JSON line and reads one JSON answer.
//
//   node simple_client.mjs '{"command": ["python3", "k6_server.py"], "request": {...}, "closeStdin": true}'
//
// Prints what such a client makes of the answer. Its habits are those of clients in the field: stdout is parsed as
// soon as it is JSON, "Error:" or "level=error" on stderr is a failure, the process must end with code 0, and the
// kind of failure is read from words in the output or, without one, in the raw line.

import { spawn } from "node:child_process";

const NETWORK_WORDS = ["Request Failed", "Error executing k6 test:", "connectex: A connection attempt failed"];
const BREACH_WORDS = ["thresholds on metrics", "level=error"];
const SUMMARY_WORDS = ["TOTAL RESULTS", "http_req_duration", "iterations"];
const STDERR_WORDS = ["Error:", "level=error"];

export class SimpleMCPClient {
  constructor(command, { closeStdin = true, env = {} } = {}) {
    this.command = command;
    this.closeStdin = closeStdin;
    this.env = { ...process.env, ...env };
  }

  /** Resolves with the parsed answer, its raw line, stderr and the exit code; rejects as the habits above demand. */
  callTool(request) {
    return new Promise((resolve, reject) => {
      const [program, ...args] = this.command;
      const child = spawn(program, args, { env: this.env });
      let raw = "";
      let stderr = "";
      let answer;
      child.on("error", reject);
      child.stderr.on("data", (data) => (stderr += data));
      child.stdout.on("data", (data) => {
        raw += data;
        answer ??= parsed(raw);
        if (answer !== undefined) child.stdin.end();
      });
      child.on("close", (code) => {
        if (code !== 0) reject(new Error(`the server ended with code ${code}: ${stderr}`));
        else if (STDERR_WORDS.some((word) => stderr.includes(word))) reject(new Error(`stderr: ${stderr}`));
        else if (answer === undefined) reject(new Error(`no answer: ${raw}`));
        else resolve({ answer, raw, stderr, code });
      });
      child.stdin.write(`${JSON.stringify(request)}\n`);
      if (this.closeStdin) child.stdin.end();
    });
  }

  /** Runs a load test and classifies it by words. */
  async executeK6Test(request) {
    const { answer, raw, stderr, code } = await this.callTool(request);
    const output = answer.output || raw;
    const has = (words) => words.some((word) => output.includes(word) || raw.includes(word));
    let error = null;
    if (has(NETWORK_WORDS)) error = "k6 test failed: Network connection error";
    else if (has(BREACH_WORDS)) error = "k6 test failed: Performance thresholds exceeded";
    else if (!SUMMARY_WORDS.some((word) => output.includes(word))) error = "k6 test failed: Invalid output format";
    return { success: error === null, error, answer, figures: figures(output), stderr, code };
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Figures read from a text in the layout of k6's end-of-test summary. */
function figures(output) {
  const trend = (name) => {
    const values = ["avg", "min", "med", "max", "p\\(90\\)", "p\\(95\\)"].map((key) => `${key}=([\\d.]+)ms`).join(" +");
    return output.match(new RegExp(`${name}\\.*: ${values}`))?.slice(1).map(Number);
  };
  const numbers = (pattern) => output.match(pattern)?.slice(1).map(Number);
  return {
    http_req_duration: trend("http_req_duration"),
    http_req_waiting: trend("http_req_waiting"),
    http_req_failed: numbers(/http_req_failed\.*: ([\d.]+)% +(\d+) out of (\d+)/),
    http_reqs: numbers(/http_reqs\.*: (\d+) +([\d.]+)\/s/),
    iterations: numbers(/iterations\.*: (\d+) +([\d.]+)\/s/),
    checks_succeeded: numbers(/checks_succeeded\.*: ([\d.]+)% (\d+) out of (\d+)/),
    vus: numbers(/\bvus\.*: (\d+) +min=(\d+) +max=(\d+)/),
  };
}

const { command, request, closeStdin, env } = JSON.parse(process.argv[2]);
const client = new SimpleMCPClient(command, { closeStdin, env });
try {
  console.log(JSON.stringify(await client.executeK6Test(request)));
} catch (error) {
  console.log(JSON.stringify({ rejected: error.message }));
}
