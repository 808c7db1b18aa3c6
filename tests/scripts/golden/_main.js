// The file that k6 starts: the unchanged script under test, with the caller's options merged in and its
// figures stored.
import { observed, planned } from "./_given.js";
import "./_metrics.js";
import { isVu, summaryHandler } from "./_guard.js";
import * as script from "./script.js";
import { merged } from "./_options.js";
import http from "k6/http";

export * from "./script.js";
const entry = script.default;
export { entry as default };

const options = isVu ? script.options : planned() || merged(script, {
  load: {
    executor: "constant-vus",
    vus: 2,
    duration: "5s",
  },
  thresholds: {
    http_req_duration: ["p(95)<=9"],
  },
  tags: {
    a: "b",
  },
}, []);
export { options };

http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }));

export const handleSummary = summaryHandler(script.handleSummary, observed());
