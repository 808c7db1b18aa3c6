// One GET per iteration, without a load of its own: choose one with vus and duration (or iterations, stages,
// rate_per_s).
import http from "k6/http";
import { sleep } from "k6";

const BASE_URL = __ENV.BASE_URL || "http://127.0.0.1:8000";

export default function () {
  http.get(`${BASE_URL}/`);
  sleep(0.1);
}
