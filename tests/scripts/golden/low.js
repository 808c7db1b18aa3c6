// Preset low: a handful of users. Does the target answer at all, and how fast when it has little to do?
import http from "k6/http";
import { check } from "k6";

export const options = {
  scenarios: {
    low: {
      executor: "constant-arrival-rate",
      rate: 5,
      timeUnit: "1s",
      duration: "30s",
      preAllocatedVUs: 3,
      maxVUs: 10,
    },
  },
  thresholds: {
    http_req_duration: ["avg<=2000", "p(95)<=5000"],
    http_req_failed: ["rate<=0.01"],
  },
  discardResponseBodies: true,
};

const url = "http://127.0.0.1:8080/";
const params = {
  tags: {
    name: "GET http://127.0.0.1:8080/",
  },
};

export default function () {
  const response = http.request("GET", url, null, params);
  check(response, {
    "status is 200-399": (r) => r.status >= 200 && r.status <= 399,
  });
}
