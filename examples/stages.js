// A ramp of virtual users (closed model): up, hold, down. Each VU starts its next iteration when the previous
// one has ended.
import http from "k6/http";
import { sleep } from "k6";

const BASE_URL = __ENV.BASE_URL || "http://127.0.0.1:8000";

export const options = {
  stages: [
    { duration: "2s", target: 5 },
    { duration: "4s", target: 5 },
    { duration: "2s", target: 0 },
  ],
};

export default function () {
  http.get(`${BASE_URL}/`);
  sleep(0.2);
}
