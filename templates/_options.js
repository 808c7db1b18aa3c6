// The script's own options with what the caller asked for added; what is no valid option is left for k6 to refuse.
const LOAD = ["scenarios", "stages", "duration", "iterations", "vus"];
const KEPT_OF_ONE_SCENARIO = ["exec", "env", "tags", "options"];
const NEEDED_SYSTEM_TAGS = ["status", "error_code", "expected_response", "scenario"];

const given = (value) => value !== undefined && value !== null;
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function declaredLoad(own) {
  const declared = {};
  if (isRecord(own.scenarios) && Object.keys(own.scenarios).length > 0) {
    const executors = Object.entries(own.scenarios).map(([name, scenario]) => [name, String(scenario && scenario.executor)]);
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

// `k6 inspect` refuses duration or iterations without vus, although `k6 run` takes 1 then.
function withDefaultVus(own, declared) {
  const needed = !declared.scenarios && !given(own.vus) && (given(own.duration) || given(own.iterations));
  return needed ? { ...own, vus: 1 } : own;
}

// Replaces the script's load by one scenario; a single scenario of the script passes on what it calls and how.
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

function withThresholds(own, asked) {
  if (given(own) && !isRecord(own)) {
    return own;
  }
  const merged = new Map(Object.entries(own || {}));
  for (const [metric, expressions] of Object.entries(asked)) {
    const present = merged.has(metric) ? merged.get(metric) : [];
    if (Array.isArray(present)) {
      const known = new Set(present.map((item) => String(isRecord(item) ? item.threshold : item).trim()));
      merged.set(metric, [...present, ...expressions.filter((expression) => !known.has(expression.trim()))]);
    }
  }
  return Object.fromEntries(merged);
}

export function mergedOptions(script, asked) {
  const own = script.options;
  if (given(own) && !isRecord(own)) {
    return own;
  }
  const declared = declaredLoad(own || {});
  const phases = typeof script.setup === "function" || typeof script.teardown === "function";
  const report = { declared, replaced: [], phases };
  let options = withDefaultVus({ ...own }, declared);
  if (asked.load && (asked.override || !declared.scenarios)) {
    report.replaced = replacedBy(asked.load, declared);
    options = withLoad(options, asked.load);
  }
  if (asked.thresholds) {
    options.thresholds = withThresholds(options.thresholds, asked.thresholds);
  }
  if (asked.tags && (!given(options.tags) || isRecord(options.tags))) {
    options.tags = { ...options.tags, ...asked.tags };
  }
  if (Array.isArray(options.systemTags)) {
    options.systemTags = [...new Set([...options.systemTags, ...NEEDED_SYSTEM_TAGS])];
  }
  if (!given(options.ext) || isRecord(options.ext)) {
    options.ext = { ...options.ext, "k6-mcp": report };
  }
  return options;
}
