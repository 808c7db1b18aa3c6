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

http.setResponseCallback(http.expectedStatuses(200, { min: 400, max: 499 }));

export default function () {
  const response = http.request("POST", url, body, params);
  check(response, {
    "status is 200 or 4xx": (r) => r.status === 200 || (r.status >= 400 && r.status <= 499),
  });
}
