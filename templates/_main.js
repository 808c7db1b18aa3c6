// What k6 starts: the script under test as it is, with the caller's options merged in and its figures kept.
import { isVu, summaryHandler } from "./_guard.js";
import * as script from {{ specifier }};
import { mergedOptions } from "./_options.js";{{ statuses_import }}

export * from {{ specifier }};
const entry = script.default;
export { entry as default };

export const options = isVu ? script.options : mergedOptions(script, {{ asked }});{{ statuses_call }}

export const handleSummary = summaryHandler(script.handleSummary);
