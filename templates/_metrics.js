// Evaluated first in every instance, VUs too: keeps the script's metrics from adding to k6's own.
//
// k6 returns its own metric to a script that creates one with the same name, type and unit. It gives a metric
// its `add` by an ordinary assignment to a new object (newMetric in its js/modules/k6/metrics). The setter
// below therefore sees every metric, whatever module, `require` or library creates it.
import { Counter } from "k6/metrics";

const K6S_OWN = [
  ...["vus", "vus_max", "iterations", "iteration_duration", "dropped_iterations", "checks", "group_duration"],
  ...["data_sent", "data_received"],
  ...["http_reqs", "http_req_failed", "http_req_duration", "http_req_blocked", "http_req_connecting"],
  ...["http_req_tls_handshaking", "http_req_sending", "http_req_waiting", "http_req_receiving"],
  ...["ws_sessions", "ws_msgs_sent", "ws_msgs_received", "ws_ping", "ws_session_duration", "ws_connecting"],
  ...["grpc_req_duration", "grpc_streams", "grpc_streams_msgs_sent", "grpc_streams_msgs_received"],
  ...["browser_data_sent", "browser_data_received", "browser_http_req_duration", "browser_http_req_failed"],
  ...["browser_web_vital_fid", "browser_web_vital_ttfb", "browser_web_vital_lcp", "browser_web_vital_cls"],
  ...["browser_web_vital_inp", "browser_web_vital_fcp"],
  // The clock of k6's time series, which is stored among the metrics
  "time",
];

const { defineProperty, getOwnPropertyDescriptor } = Reflect;
const failure = TypeError;
let probing = false;

// Recognizes a metric that k6 created: no function, class or ordinary object has such a name.
function isK6sOwn(object) {
  const name = getOwnPropertyDescriptor(object, "name");
  if (name === undefined || name.writable !== false || name.configurable || !name.enumerable) {
    return false;
  }
  for (let i = 0; i < K6S_OWN.length; i += 1) {
    if (K6S_OWN[i] === name.value) {
      return true;
    }
  }
  return false;
}

// Does what an assignment does where no prototype has the property.
function assigned(object, value) {
  const present = getOwnPropertyDescriptor(object, "add");
  if (present === undefined) {
    return defineProperty(object, "add", {
      __proto__: null,
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return present.writable === true && defineProperty(object, "add", { __proto__: null, value });
}

defineProperty(Object.prototype, "add", {
  get() {
    return undefined;
  },
  set(value) {
    if ((typeof this !== "object" && typeof this !== "function") || this === null) {
      throw new failure("Cannot create property 'add' on a primitive value");
    }
    if (typeof value === "function" && typeof this === "object" && !probing && isK6sOwn(this)) {
      throw new failure(
        `the metric name "${this.name}" belongs to k6 itself, ` +
          "which would mix what the script adds with what it measured: give this metric another name",
      );
    }
    if (!assigned(this, value)) {
      throw new failure(
        "Cannot assign to property 'add', which is read-only or belongs to an object that takes no new ones",
      );
    }
  },
  enumerable: false,
  configurable: false,
});

// Whether the script, or any module that it imports, has loaded k6/net/grpc or k6/browser. Loading creates
// this metric, and k6 then refuses to create one with the same name and another unit.
export const loadsGrpc = () => isMade("grpc_streams", true);
export const loadsBrowser = () => isMade("browser_data_sent", false);

function isMade(name, isTime) {
  probing = true;
  try {
    return !new Counter(name, isTime);
  } catch (error) {
    return true;
  } finally {
    probing = false;
  }
}
