// Two generations of a backend's client that speaks no MCP, to the letter: what each makes of what a one-shot
// process wrote.
//
// The older waits for the end of the process: stdout is its answer if the code is 0, else stderr is its
// error. The newer listens while bytes come. What has come of stdout is its answer, as raw text, as soon as a
// chunk holds one of STOP_WORDS, or as JSON as soon as it is JSON; words on stderr are an error. Whatever
// code follows changes nothing. Both then look for words in the answer's text alone, and take a text without
// any for success.

export const NETWORK_WORDS = [
  "Error executing k6 test:",
  "Request Failed",
  "connectex: A connection attempt failed",
];
export const BREACH_WORDS = ["thresholds on metrics", "level=error"];
export const STOP_WORDS = ["http_req_duration", "iterations", "execution: local", "█ TOTAL RESULTS"];
export const STDERR_WORDS = ["Error:", "level=error"];

const contains = (text, words) => words.some((word) => text.includes(word));

/** What a client does with a field that is an object where it expects a text. */
export const READINGS = {
  stringify: (value) => (typeof value === "string" ? value : JSON.stringify(value)),
  string: String,
};

function ending(text) {
  if (contains(text, NETWORK_WORDS)) return "network";
  return contains(text, BREACH_WORDS) ? "threshold" : "success";
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Returns what the older generation tells: "success", "network", "threshold" or "error", and the text it
 * shows.
 */
export function older({ stdout, stderr, code }, read = READINGS.stringify) {
  if (code !== 0) return { ending: "error", text: stderr };
  const answer = parsed(stdout.toString());
  if (answer === undefined) return { ending: "error", text: stdout.toString() };
  const text = read(answer.result || answer.output || "");
  return { ending: ending(text), text };
}

/**
 * Returns what the newer generation tells of `events`, pairs of a stream's name and a chunk, in their order.
 */
export function newer(events, read = READINGS.stringify) {
  let raw = "";
  for (const [stream, chunk] of events) {
    const text = chunk.toString();
    if (stream === "stderr") {
      if (contains(text, STDERR_WORDS)) return { ending: "error", text };
      continue;
    }
    raw += text;
    if (contains(text, STOP_WORDS)) return { ending: ending(raw), text: raw };
    const answer = parsed(raw);
    if (answer !== undefined) {
      const shown = read(answer.output || answer.result || "");
      return { ending: ending(shown), text: shown };
    }
  }
  return { ending: "error", text: raw };
}

/**
 * Returns every ending that the newer generation tells of `stdout` in two chunks split at any byte (after the
 * first 1,500 at every 31st), and in many small ones.
 */
export function ofEverySplit(stdout) {
  const endings = new Set();
  const tell = (chunks, read) =>
    endings.add(
      newer(
        chunks.filter((chunk) => chunk.length).map((chunk) => ["stdout", chunk]),
        read,
      ).ending,
    );
  for (let at = 0; at < stdout.length; at += at < 1_500 ? 1 : 31)
    tell([stdout.subarray(0, at), stdout.subarray(at)]);
  for (const read of Object.values(READINGS)) {
    for (const width of [11, 64, 1_000, stdout.length + 1]) {
      const chunks = [];
      for (let at = 0; at < stdout.length; at += width) chunks.push(stdout.subarray(at, at + width));
      tell(chunks, read);
    }
  }
  return [...endings];
}
