// Preset high: about a thousand users. Does the target keep its objectives under heavy traffic?
// The request's own load replaces the preset's.
import http from "k6/http";
import { check } from "k6";

export const options = {
  scenarios: {
    default: {
      executor: "ramping-vus",
      stages: [
        { duration: "10s", target: 20 },
        { duration: "30s", target: 20 },
        { duration: "5s", target: 0 },
      ],
    },
  },
  thresholds: {
    http_req_duration: ["avg<=2000", "p(95)<=5000"],
    http_req_failed: ["rate<=0.01"],
  },
  discardResponseBodies: true,
};

const url = "http://127.0.0.1:8080/items?page=1";
const body = JSON.stringify({
  name: "x",
  tags: ["a", "b"],
  size: {
    w: 1,
    h: 2,
  },
});
const params = {
  headers: {
    "Content-Type": "application/json",
  },
  tags: {
    name: "PUT http://127.0.0.1:8080/items",
  },
};

// Bodies are discarded. Only after a failure the first VUs keep a few, to log one failing answer of each
// status.
const sampling = __VU <= 10;
const withBody = { ...params, responseType: "text" };
const tries = {};
let bodies = 0;

function show(response) {
  const { status, body } = response;
  if (sampling && status && !(tries[status] >= 5)) {
    tries[status] = body === null ? (tries[status] || 0) + 1 : 5;
    bodies = body === null ? 20 : 0;
    const text = String(body || "").slice(0, 600);
    console.warn(`k6-mcp sample ${JSON.stringify({ name: params.tags.name, status, text })}`);
  }
}

export default function () {
  const response = http.request("PUT", url, body, bodies > 0 ? withBody : params);
  bodies -= 1;
  const expected = check(response, {
    "status is 200-399": (r) => r.status >= 200 && r.status <= 399,
  });
  if (!expected) {
    show(response);
  }
}
