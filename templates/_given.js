// Evaluated before everything else, in every instance: takes the caller's variables and the plan out of k6's
// environment.
//
// Scripts see the caller's variables and those of their scenario as __ENV, but no variable that is set for
// k6, for Go or for k6-mcp. So they cannot use these to tell the plan from the run.
const { defineProperty, keys } = Object;
const { hasOwnProperty } = Object.prototype;
const { apply } = Reflect;
const { parse } = JSON;
const raw = __ENV;

// Each piece begins with a colon, so that no shell interprets one.
function joined(name) {
  let text = "";
  for (let i = 0; raw[name + i] !== undefined; i += 1) {
    text += raw[name + i].slice(1);
  }
  return text;
}

function put(target, name, value) {
  defineProperty(target, name, {
    __proto__: null,
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

const given = parse(joined("K6_MCP_GIVEN_") || "{}");
const names = keys(given);
const plan = __VU > 0 ? "" : joined("K6_MCP_PLANNED_");

function visible(current) {
  const env = {};
  for (let i = 0; i < names.length; i += 1) {
    put(env, names[i], given[names[i]]);
  }
  const found = current !== null && typeof current === "object" ? keys(current) : [];
  for (let i = 0; i < found.length; i += 1) {
    const value = current[found[i]];
    if (value !== raw[found[i]]) {
      put(env, found[i], value);
    }
  }
  return env;
}

let now = visible(null);

// k6 sets __ENV again when a VU begins a scenario, with the scenario's own variables in it.
defineProperty(globalThis, "__ENV", {
  __proto__: null,
  configurable: false,
  enumerable: true,
  get: () => now,
  set: (current) => {
    now = visible(current);
  },
});

// The options that k6 consolidated for the plan, undefined while it makes that plan. Each call returns a new
// object: the script may import this function too, but cannot change anything for others.
export function planned() {
  return plan === "" ? undefined : parse(plan);
}

// The metrics that k6 keeps only for k6-mcp, as the plan lists them; undefined if there are none.
export function observed() {
  return own(own(own(planned(), "ext"), "k6-mcp"), "observed");
}

// The script may have changed a prototype.
function own(object, name) {
  return object && apply(hasOwnProperty, object, [name]) ? object[name] : undefined;
}
