// Checks count correct answers; thresholds decide. A failed check alone doesn't fail a run: the threshold on
// `checks` does.
import http from "k6/http";
import { check } from "k6";

const BASE_URL = __ENV.BASE_URL || "http://127.0.0.1:8000";

export const options = {
  vus: 2,
  duration: "5s",
  thresholds: {
    checks: ["rate>0.99"],
    http_req_failed: ["rate<0.01"],
    http_req_duration: [
      "p(95)<500",
      // Ends a hopeless run early
      { threshold: "max<5000", abortOnFail: true, delayAbortEval: "2s" },
    ],
  },
};

export default function () {
  const response = http.get(`${BASE_URL}/`);
  check(response, {
    "status is 200": (r) => r.status === 200,
    "there is a message": (r) => r.json("message") !== undefined,
  });
}
