// An open model: like visitors, iterations start at the given rate whether or not the target keeps up.
// Iterations that k6 cannot start, because all VUs are still waiting, count as dropped and fail the run
// (load_not_delivered).
import http from "k6/http";

const BASE_URL = __ENV.BASE_URL || "http://127.0.0.1:8000";

export const options = {
  scenarios: {
    visitors: {
      executor: "ramping-arrival-rate",
      startRate: 5,
      timeUnit: "1s",
      preAllocatedVUs: 10,
      maxVUs: 50,
      stages: [
        { duration: "3s", target: 40 },
        { duration: "3s", target: 40 },
      ],
    },
  },
  thresholds: { http_req_failed: ["rate<0.01"] },
};

export default function () {
  http.get(`${BASE_URL}/`);
}
