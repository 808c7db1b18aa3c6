// Preset medium: about a hundred users. Does the target keep its objectives in everyday traffic?
import http from "k6/http";
import { check } from "k6";

export const options = {
  scenarios: {
    medium: {
      executor: "constant-arrival-rate",
      rate: 50,
      timeUnit: "1s",
      duration: "30s",
      preAllocatedVUs: 25,
      maxVUs: 100,
    },
  },
  thresholds: {
    http_req_duration: ["avg<=2000", "p(95)<=300"],
    http_req_failed: ["rate<=0.001"],
  },
  tags: {
    team: "shop",
  },
  discardResponseBodies: true,
};

const url = __ENV.K6_MCP_URL;
const body = __ENV.K6_MCP_BODY;
const params = {
  headers: {
    "Content-Type": "application/json",
    Authorization: __ENV.K6_MCP_HEADER_AUTHORIZATION,
    "X-Trace": "on",
    Cookie: __ENV.K6_MCP_HEADER_COOKIE,
  },
  tags: {
    name: "POST https://api.example.com/login",
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

http.setResponseCallback(http.expectedStatuses(200, { min: 400, max: 499 }));

export default function () {
  const response = http.request("POST", url, body, bodies > 0 ? withBody : params);
  bodies -= 1;
  const expected = check(response, {
    "status is 200 or 4xx": (r) => r.status === 200 || (r.status >= 400 && r.status <= 499),
  });
  if (!expected) {
    show(response);
  }
}
