// Objectives per endpoint: two scenarios with one tag each, and thresholds on the tagged sub-metrics.
import http from "k6/http";
import { sleep } from "k6";

const BASE_URL = __ENV.BASE_URL || "http://127.0.0.1:8000";

export const options = {
  scenarios: {
    browse: {
      executor: "constant-vus",
      vus: 4,
      duration: "5s",
      exec: "browse",
      tags: { endpoint: "browse" },
    },
    order: {
      executor: "constant-arrival-rate",
      rate: 2,
      timeUnit: "1s",
      duration: "5s",
      preAllocatedVUs: 4,
      exec: "order",
      tags: { endpoint: "order" },
    },
  },
  thresholds: {
    "http_req_duration{endpoint:browse}": ["p(95)<300"],
    "http_req_duration{endpoint:order}": ["p(95)<1000", "p(99)<2000"],
    // Availability of 99.9 %
    "http_req_failed{endpoint:order}": ["rate<=0.001"],
  },
};

export function browse() {
  http.get(`${BASE_URL}/`);
  sleep(0.2);
}

export function order() {
  http.post(`${BASE_URL}/orders`, JSON.stringify({ sku: "A-1" }), {
    headers: { "Content-Type": "application/json" },
  });
}
