// The script's own options with the caller's added; invalid options are left for k6 to reject.
import { loadsBrowser, loadsGrpc } from "./_metrics.js";

const OURS = "k6-mcp";
const LOAD = ["scenarios", "stages", "duration", "iterations", "vus"];
const KEPT_OF_ONE_SCENARIO = ["exec", "env", "tags", "options"];
const NEEDED_SYSTEM_TAGS = ["status", "error_code", "expected_response", "scenario"];
// Answers from 400 on have an error_code
const ANSWERS = [200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308];
const HANDSHAKES = [
  ...[
    101, 200, 204, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 412, 413,
    414, 415, 417, 418,
  ],
  ...[
    421, 422, 423, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521, 522,
    523, 524, 525, 526, 530,
  ],
];
const GRPC_STATUSES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const PAGE_STATUSES = [...new Set([...ANSWERS, ...HANDSHAKES])];
// Chromium's page when there is no answer; it has web vitals too
const ERROR_PAGE = "chrome-error://chromewebdata/";
const PAGE_LOADS = ["browser_web_vital_ttfb", "browser_web_vital_fcp"];
const ENDPOINT_METRICS = ["http_req_duration", "http_req_failed"];
const PARENTS = [
  "ws_sessions",
  "grpc_req_duration",
  "http_reqs",
  "browser_http_req_failed",
  ...PAGE_LOADS,
  ...ENDPOINT_METRICS,
];
// Each one adds about 0.2 % to the cost of a request in k6
const MOST_ENDPOINTS = 30;

const given = (value) => value !== undefined && value !== null;
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function declaredLoad(own) {
  const declared = {};
  if (isRecord(own.scenarios) && Object.keys(own.scenarios).length > 0) {
    const executors = Object.entries(own.scenarios).map(([name, scenario]) => [
      name,
      String(scenario && scenario.executor),
    ]);
    declared.scenarios = Object.fromEntries(executors);
  }
  if (Array.isArray(own.stages) && own.stages.length > 0) {
    declared.stages = true;
  }
  for (const name of ["duration", "iterations", "vus"]) {
    if (given(own[name])) {
      declared[name] = own[name];
    }
  }
  return declared;
}

// `k6 inspect` rejects duration or iterations without vus, although `k6 run` uses 1 then.
function withDefaultVus(own, declared) {
  const needed = !declared.scenarios && !given(own.vus) && (given(own.duration) || given(own.iterations));
  return needed ? { ...own, vus: 1 } : own;
}

// Replaces the script's load by one scenario. If the script has a single scenario, its function and settings
// stay.
function withLoad(own, load) {
  const rest = { ...own };
  LOAD.forEach((name) => delete rest[name]);
  const scenarios = isRecord(own.scenarios) ? Object.values(own.scenarios) : [];
  const scenario = { ...load };
  if (scenarios.length === 1 && isRecord(scenarios[0])) {
    KEPT_OF_ONE_SCENARIO.filter((name) => given(scenarios[0][name])).forEach((name) => {
      scenario[name] = scenarios[0][name];
    });
  }
  if (["constant-vus", "shared-iterations"].includes(load.executor) && !given(load.vus)) {
    scenario.vus = Math.min(Number(own.vus) || 1, load.iterations || Infinity);
  }
  return { ...rest, scenarios: { default: scenario } };
}

function replacedBy(load, declared) {
  const vusKept = ["constant-vus", "shared-iterations"].includes(load.executor) && !given(load.vus);
  return LOAD.filter((name) => name in declared && !(name === "vus" && vusKept));
}

function withThresholds(own, requested) {
  if (given(own) && !isRecord(own)) {
    return own;
  }
  const merged = new Map(Object.entries(own || {}));
  for (const [metric, expressions] of Object.entries(requested)) {
    const present = given(merged.get(metric)) ? merged.get(metric) : [];
    if (Array.isArray(present)) {
      const known = new Set(present.map((item) => String(isRecord(item) ? item.threshold : item).trim()));
      merged.set(metric, [...present, ...expressions.filter((expression) => !known.has(expression.trim()))]);
    }
  }
  return Object.fromEntries(merged);
}

// The metric and tags of a threshold, as k6 reads them: quotes and blanks around a tag have no meaning.
function parsed(key) {
  const at = key.indexOf("{");
  const tags = {};
  if (at >= 0 && key.endsWith("}")) {
    key
      .slice(at + 1, -1)
      .split(",")
      .filter((part) => part !== "")
      .forEach((part) => {
        const colon = part.indexOf(":");
        tags[bare(colon < 0 ? part : part.slice(0, colon))] = colon < 0 ? "" : bare(part.slice(colon + 1));
      });
  }
  return { metric: at < 0 ? key : key.slice(0, at), tags };
}

function bare(text) {
  return text.trim().replace(/^["']+|["']+$/g, "");
}

// A request name may contain variables of the environment. Their values are never shown; ${NAME} is shown
// instead.
function endpoint(parts) {
  const name = { real: "", shown: "" };
  parts.forEach((part) => {
    name.real += typeof part === "string" ? part : __ENV[part.env];
    name.shown += typeof part === "string" ? part : `\${${part.env}}`;
  });
  return name;
}

function endpointsOf(keys, named) {
  const found = {};
  const ofThresholds = keys
    .map((key) => parsed(key).tags.name)
    .filter(given)
    .map((name) => [name]);
  ofThresholds
    .concat(named)
    .map(endpoint)
    .forEach((name) => {
      if (!(name.real in found) && name.real && !name.real.includes(",") && bare(name.real) === name.real) {
        found[name.real] = name.shown;
      }
    });
  return Object.keys(found)
    .slice(0, MOST_ENDPOINTS)
    .map((real) => ({ real, shown: found[real] }));
}

// Whether k6 starts browsers and has metrics for them. The check is made only if a scenario uses one, since
// the check itself creates a metric that would conflict with a module loaded later.
function usesBrowser(scenarios) {
  const wanted = (scenario) =>
    isRecord(scenario) && isRecord(scenario.options) && isRecord(scenario.options.browser);
  return isRecord(scenarios) && Object.values(scenarios).some(wanted) && loadsBrowser();
}

// k6 keeps a sub-metric for every threshold, even for an empty list of expressions, at almost no cost. So it
// counts answers and endpoints for k6-mcp; the guard keeps these figures apart from the script's own.
function withObserved(own, named, grpc, browser) {
  if (given(own) && !isRecord(own)) {
    return { thresholds: own };
  }
  const thresholds = { ...own };
  const present = Object.keys(thresholds).map(parsed);
  const metrics = [];
  const observe = (metric, tag, real, shown, more = "") => {
    const name = (value) => `${metric}{${more}${tag}:${value}}`;
    const wanted = parsed(name(real)).tags;
    const same = ({ metric: other, tags }) =>
      other === metric && Object.keys({ ...tags, ...wanted }).every((key) => tags[key] === wanted[key]);
    if (!present.some(same)) {
      thresholds[name(real)] = [];
      metrics.push({ real: name(real), shown: name(shown) });
    }
  };
  ANSWERS.forEach((status) => observe("http_reqs", "status", `${status}`, status));
  HANDSHAKES.forEach((status) => observe("ws_sessions", "status", `${status}`, status));
  if (grpc) {
    GRPC_STATUSES.forEach((status) => observe("grpc_req_duration", "status", `${status}`, status));
  }
  if (browser) {
    PAGE_STATUSES.forEach((status) =>
      observe("browser_http_req_failed", "status", `${status}`, status, "resource_type:Document,"),
    );
    PAGE_LOADS.forEach((metric) => observe(metric, "url", ERROR_PAGE, ERROR_PAGE));
  }
  endpointsOf(Object.keys(thresholds), named).forEach((name) => {
    ENDPOINT_METRICS.forEach((metric) => observe(metric, "name", name.real, name.shown));
  });
  const hasThreshold = (metric) => present.some((other) => other.metric === metric);
  return { thresholds, observed: { metrics, parents: PARENTS.filter((metric) => !hasThreshold(metric)) } };
}

// Returns the options for k6, with a report about them in `ext`, if k6 can take one.
export function merged(script, requested, named) {
  const grpc = loadsGrpc();
  const options = mergedOptions(script, requested, grpc);
  if (given(options) && !isRecord(options)) {
    return options;
  }
  const { thresholds, observed } = withObserved(
    options.thresholds,
    named,
    grpc,
    usesBrowser(options.scenarios),
  );
  if (isRecord(options.ext)) {
    options.ext[OURS].observed = observed;
  }
  return { ...options, thresholds };
}

function mergedOptions(script, requested, grpc) {
  const own = script.options;
  if (given(own) && !isRecord(own)) {
    return own;
  }
  const declared = declaredLoad(own || {});
  const phases = typeof script.setup === "function" || typeof script.teardown === "function";
  const handler = typeof script.handleSummary === "function";
  const report = { declared, replaced: [], phases, grpc, handler };
  let options = withDefaultVus({ ...own }, declared);
  if (requested.load && (requested.override || !declared.scenarios)) {
    report.replaced = replacedBy(requested.load, declared);
    options = withLoad(options, requested.load);
  }
  if (requested.thresholds) {
    options.thresholds = withThresholds(options.thresholds, requested.thresholds);
  }
  if (requested.tags && (!given(options.tags) || isRecord(options.tags))) {
    options.tags = { ...options.tags, ...requested.tags };
  }
  if (Array.isArray(options.systemTags)) {
    options.systemTags = [...new Set([...options.systemTags, ...NEEDED_SYSTEM_TAGS])];
  }
  if (!given(options.ext) || isRecord(options.ext)) {
    options.ext = { ...options.ext, [OURS]: report };
  }
  return options;
}
