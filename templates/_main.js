// The file that k6 starts: the unchanged script under test, with the caller's options merged in and its
// figures stored.
import { observed, planned } from "./_given.js";
import "./_metrics.js";
import { isVu, summaryHandler } from "./_guard.js";
import * as script from {{ specifier }};
import { merged } from "./_options.js";{{ statuses_import }}

export * from {{ specifier }};
const entry = script.default;
export { entry as default };

const options = isVu ? script.options : planned() || merged(script, {{ requested }}, {{ endpoints }});
export { options };{{ statuses_call }}

export const handleSummary = summaryHandler(script.handleSummary, observed());
