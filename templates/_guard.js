// Evaluated before the script under test, so that nothing the script redefines can change or hide a run's
// results. VUs are numbered from 1; k6 reads options and handleSummary in the one instance that isn't a VU,
// so all others skip the work.
export const isVu = __VU > 0;
export const summaryHandler = isVu ? () => undefined : capture();

function capture() {
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { create, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, keys } = Object;
  const { apply, deleteProperty } = Reflect;
  const { hasOwnProperty } = Object.prototype;
  const { charCodeAt, normalize, slice, toLowerCase, toUpperCase } = String.prototype;
  const byteLength = getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get;
  const typedArrayName = getOwnPropertyDescriptor(
    getPrototypeOf(Uint8Array.prototype),
    Symbol.toStringTag,
  ).get;
  const later = setTimeout;
  const log = console;
  const { warn } = console;

  const MOST_SAID = 10;
  const LONGEST_SAID = 200;
  const ours = {{ ours }};

  // Everything that k6's own code uses after handleSummary, with the hooks that it would call: toJSON, and
  // properties that a metric doesn't have.
  const relied = [
    [globalThis, "JSON"],
    [globalThis, "Object"],
    [globalThis, "Array"],
    [JSON, "parse"],
    [JSON, "stringify"],
    [Array, "isArray"],
    [Object, "keys"],
    [Object.prototype, "hasOwnProperty"],
    [Object.prototype, "toJSON"],
    [Object.prototype, "thresholds"],
    [Array.prototype, "toJSON"],
    [String.prototype, "toJSON"],
    [Number.prototype, "toJSON"],
    [Boolean.prototype, "toJSON"],
  ].map(([owner, name]) => ({ owner, name, original: getOwnPropertyDescriptor(owner, name) }));

  function restore() {
    for (let i = 0; i < relied.length; i += 1) {
      const { owner, name, original } = relied[i];
      try {
        if (original === undefined) {
          deleteProperty(owner, name);
        } else {
          defineProperty(owner, name, { value: original.value, writable: false, configurable: false });
        }
      } catch (error) {
        // The script has locked it. k6's own code may fail then, and the figures come from the record.
      }
    }
  }

  // JSON.stringify for plain data, without any hook that the data may define.
  function toText(value) {
    if (value === null || typeof value !== "object") {
      return stringify(value);
    }
    const list = isArray(value);
    const names = list ? value : keys(value);
    let text = "";
    for (let i = 0; i < names.length; i += 1) {
      const item = toText(list ? value[i] : value[names[i]]);
      if (list) {
        text += (i ? "," : "") + (item === undefined ? "null" : item);
      } else if (item !== undefined) {
        text += (text ? "," : "") + stringify(names[i]) + ":" + item;
      }
    }
    return list ? "[" + text + "]" : "{" + text + "}";
  }

  // The name as the most tolerant file system reads it: case, K and ſ, full width, and trailing blanks, dots
  // and streams make no difference.
  function folded(name) {
    const text = apply(toLowerCase, apply(toUpperCase, apply(normalize, name, ["NFKC"]), []), []);
    let end = 0;
    for (let i = 0; i < text.length && text[i] !== ":"; i += 1) {
      end = text[i] === "." || text[i] === " " ? end : i + 1;
    }
    return apply(slice, text, [0, end]);
  }

  function isOurs(name) {
    const text = folded(name);
    for (let i = 0; i < ours.length; i += 1) {
      if (ours[i] === text) {
        return true;
      }
    }
    return false;
  }

  // Characters that make a file's name look like another one.
  function isOdd(code) {
    return (
      code < 32 ||
      (code > 126 && code < 160) ||
      code === 92 ||
      (code > 0x200a && code < 0x2010) ||
      (code > 0x2027 && code < 0x202f) ||
      (code > 0x205f && code < 0x2070) ||
      code === 0xfeff
    );
  }

  // Returns the reason why k6 must not write a file of this name, undefined if it may. It may write only
  // below the run's folder, and not over k6-mcp's own files.
  function refusal(path) {
    if (path === "stdout" || path === "stderr") {
      return undefined;
    }
    let name = "";
    let first = "";
    for (let i = 0; i <= path.length; i += 1) {
      if (i < path.length && path[i] !== "/") {
        if (isOdd(apply(charCodeAt, path, [i]))) {
          return "whose name holds a backslash or an invisible character; use letters, digits, - _ . and /";
        }
        name += path[i];
      } else {
        const leading = name === "." && first === "" && i < path.length;
        if (!leading && folded(name) === "") {
          return (
            "which is not a plain path below the run's folder; " +
            "use a name without .. and without / at its beginning"
          );
        }
        first = first || (leading ? "" : name);
        name = "";
      }
    }
    return isOurs(first) ? "whose name k6-mcp keeps for itself; use another one" : undefined;
  }

  function isContent(value) {
    if (typeof value === "string" || apply(typedArrayName, value, []) === "Uint8Array") {
      return true;
    }
    try {
      return apply(byteLength, value, []) >= 0;
    } catch (error) {
      // No ArrayBuffer
      return false;
    }
  }

  // A property of the object itself. For a missing property, JavaScript would call a getter on a prototype,
  // with k6's figures as its `this`.
  function own(object, name) {
    return apply(hasOwnProperty, object, [name]) ? object[name] : undefined;
  }

  function hasSamples(metric) {
    const values = own(metric, "values");
    return own(values, "count") > 0 || own(values, "passes") + own(values, "fails") > 0;
  }

  // Removes from `metrics` everything that k6 keeps only for k6-mcp, and returns those of it that have
  // samples.
  function takeObserved(metrics, observed) {
    const taken = create(null);
    for (let i = 0; i < observed.metrics.length; i += 1) {
      const { real, shown } = observed.metrics[i];
      const metric = own(metrics, real);
      if (metric !== undefined) {
        if (hasSamples(metric)) {
          taken[shown] = metric;
        }
        deleteProperty(metrics, real);
      }
    }
    for (let i = 0; i < observed.parents.length; i += 1) {
      const metric = own(metrics, observed.parents[i]);
      if (metric !== undefined && !hasSamples(metric)) {
        deleteProperty(metrics, observed.parents[i]);
      }
    }
    return taken;
  }

  function summaryOf(data, taken) {
    const whole = create(null);
    const names = keys(data);
    for (let i = 0; i < names.length; i += 1) {
      whole[names[i]] = data[names[i]];
    }
    whole["k6-mcp"] = taken;
    return toText(whole);
  }

  function say(text) {
    apply(warn, log, ["handleSummary: " + text]);
  }

  function addTo(files, result) {
    if (result === null || result === undefined) {
      return;
    }
    if (typeof result !== "object") {
      say("ignored its return value, a " + typeof result + " instead of an object with file names as keys");
      return;
    }
    const names = keys(result);
    let ignored = 0;
    for (let i = 0; i < names.length; i += 1) {
      const content = result[names[i]];
      const reason =
        refusal(names[i]) ||
        (isContent(content) ? undefined : "whose content is neither text nor an ArrayBuffer");
      if (reason === undefined) {
        files[names[i]] = content;
      } else {
        ignored += 1;
        if (ignored <= MOST_SAID) {
          say("ignored the file " + apply(slice, names[i], [0, LONGEST_SAID]) + ", " + reason);
        }
      }
    }
    if (ignored > MOST_SAID) {
      say("ignored " + (ignored - MOST_SAID) + " more files");
    }
  }

  // Returns a handleSummary that stores k6's figures, then runs the script's own with a copy of them. It
  // returns the files object to k6 first and runs the script's handler from a timer, which k6 waits for.
  // Whatever the handler does (throw, abort the test, never resolve), k6-mcp's file is already in the object.
  return function summaryHandlerOf(handler, observed) {
    return function handleSummary(data) {
      const taken = observed === undefined ? {} : takeObserved(data.metrics, observed);
      const copy = typeof handler === "function" ? parse(toText(data)) : undefined;
      // The setup data may contain tokens, and k6 writes its own export from this object too
      deleteProperty(data, "setup_data");
      const files = create(null);
      files[ours[0]] = summaryOf(data, taken);
      restore();
      if (copy !== undefined) {
        later(() => {
          const result = handler(copy);
          (async () => addTo(files, await result))();
        }, 0);
      } else if (handler !== undefined) {
        say("ignored, because it is exported but is not a function");
      }
      return files;
    };
  };
}
