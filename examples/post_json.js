// Sends a JSON body with a bearer token. The token comes from the argument env, so it isn't stored anywhere.
import http from "k6/http";
import { check } from "k6";

const BASE_URL = __ENV.BASE_URL || "http://127.0.0.1:8000";
const HEADERS = { "Content-Type": "application/json", Authorization: `Bearer ${__ENV.TOKEN || "none"}` };

export const options = { vus: 2, duration: "5s" };

export default function () {
  const order = { sku: "A-1", quantity: 1 + (__ITER % 3) };
  const response = http.post(`${BASE_URL}/orders`, JSON.stringify(order), { headers: HEADERS });
  check(response, {
    "status is 201": (r) => r.status === 201,
    "the order comes back": (r) => r.json("sku") === "A-1",
  });
}
