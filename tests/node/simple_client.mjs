// Programs that speak no MCP: each starts the server for one call, writes one JSON line and reads one JSON
// answer.
//
//   node simple_client.mjs FILE
//
// FILE holds a JSON array of cases; printed is an array of what both generations of clients.mjs make of each.
// A case is a call
//
//   {"command": ["python3", "k6_server.py"], "request": {...} or "a line", "closeStdin": true, "env": {...}}
//     "signalOnTraffic": name    sends that signal with the first request to {{target}}, an address that is
//                                put into the line; it answers 200, and 500 to /fails
//
// or what a process wrote: {"stdout": text, "stderr": text, "code": number}.

import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { newer, ofEverySplit, older, READINGS } from "./clients.mjs";

const AT_ONCE = 3;
const LONGEST_MS = 60_000;

/** Resolves with what the process of one call wrote, chunk by chunk, once it has ended. */
async function call({ command, request, closeStdin = true, env = {}, signalOnTraffic }) {
  const [program, ...args] = command;
  let child;
  const target = createServer(({ url }, answer) => {
    answer.writeHead(url === "/fails" ? 500 : 200).end();
    if (signalOnTraffic) child.kill(signalOnTraffic);
  });
  await new Promise((listening) => target.listen(0, "127.0.0.1", listening));
  const address = `http://127.0.0.1:${target.address().port}/`;
  const line = (typeof request === "string" ? request : JSON.stringify(request)).replaceAll(
    "{{target}}",
    address,
  );
  const clean = Object.fromEntries(
    Object.entries({ ...process.env, ...env }).filter(([, value]) => value !== null),
  );
  child = spawn(program, args, { env: clean });
  const limit = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
  const events = [];
  const done = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.stderr.on("data", (data) => events.push(["stderr", data]));
    child.stdout.on("data", (data) => {
      events.push(["stdout", data]);
      // A client that keeps stdin open has its answer now
      if (data.includes("\n")) child.stdin.end();
    });
    child.on("close", (code, signal) => resolve({ code: code ?? signal }));
    child.stdin.write(`${line}\n`);
    if (closeStdin) child.stdin.end();
  });
  clearTimeout(limit);
  target.closeAllConnections();
  target.close();
  const all = (stream) => Buffer.concat(events.filter(([name]) => name === stream).map(([, data]) => data));
  return { ...done, events, stdout: all("stdout"), stderr: all("stderr").toString() };
}

function told({ stdout, stderr, code, events }) {
  const bytes = Buffer.from(stdout);
  const came =
    events ??
    [
      ["stdout", bytes],
      ["stderr", Buffer.from(stderr)],
    ].filter(([, data]) => data.length);
  const first = bytes.toString().split("\n")[0];
  return {
    code,
    stderr,
    older: older({ stdout: bytes, stderr, code }),
    older_by_string: older({ stdout: bytes, stderr, code }, READINGS.string).ending,
    newer: newer(came),
    every_split: ofEverySplit(bytes),
    answer: first.startsWith("{") ? JSON.parse(first) : null,
    figures: figures(first.startsWith("{") ? JSON.parse(first).output : ""),
  };
}

/** Figures read from a text in the layout of k6's end-of-test summary. */
function figures(output) {
  const trend = (name) => {
    const values = ["avg", "min", "med", "max", "p\\(90\\)", "p\\(95\\)"]
      .map((key) => `${key}=([\\d.]+)ms`)
      .join(" +");
    return output
      .match(new RegExp(`${name}\\.*: ${values}`))
      ?.slice(1)
      .map(Number);
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

const cases = JSON.parse(readFileSync(process.argv[2], "utf8"));
const results = [];
let next = 0;
async function work() {
  while (next < cases.length) {
    const number = next++;
    results[number] = told(cases[number].command ? await call(cases[number]) : cases[number]);
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, work));
console.log(JSON.stringify(results));
