"use strict";
// The page inside a client's window. It talks to its host over MCP Apps (JSON-RPC by postMessage) and
// follows one run.
(() => {
  // Where a tool's result carries the view, separate from what the model reads
  const VIEW = "k6-mcp/view";
  const RUN_ID = /^r-\d{8}-[a-z2-7]{16}$/;
  const EVERY_MS = 2000;
  const ANSWER_MS = 30000;
  const FAILURES = 5;

  const root = document.documentElement;
  const main = document.getElementById("top");
  const report = (text) => (document.getElementById("state").textContent = text);
  const pending = new Map();
  // The host's capabilities
  let host = {};
  let number = 0;
  let charts = null;
  // {id, shown, timer}
  let current = null;

  // --- messages

  function send(message) {
    window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  }

  function request(method, params) {
    const id = ++number;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => (pending.delete(id), reject(new Error(`no answer to ${method}`))),
        ANSWER_MS,
      );
      pending.set(id, (message) => {
        clearTimeout(timer);
        if (message.error) reject(new Error(String(message.error.message ?? "refused")));
        else resolve(message.result ?? {});
      });
      send({ id, method, params });
    });
  }

  const HANDLERS = {
    "ui/notifications/tool-input": (params) => follow(params?.arguments?.run_id, null),
    "ui/notifications/tool-result": (params) => take(params ?? {}),
    "ui/notifications/tool-cancelled": () => report("The call was cancelled."),
    "ui/notifications/host-context-changed": (params) => dress(params ?? {}),
    "ui/resource-teardown": () => stop(),
    ping: () => {},
  };

  addEventListener("message", (event) => {
    const message = event.data;
    if (event.source !== window.parent || message?.jsonrpc !== "2.0") return;
    if (message.method === undefined) {
      const resolve = pending.get(message.id);
      pending.delete(message.id);
      resolve?.(message);
      return;
    }
    const handler = HANDLERS[message.method];
    handler?.(message.params);
    if (message.id === undefined) return;
    if (handler) send({ id: message.id, result: {} });
    else send({ id: message.id, error: { code: -32601, message: "Method not found" } });
  });

  // --- the host's appearance

  function dress(context) {
    if (context.theme === "light" || context.theme === "dark") root.dataset.theme = context.theme;
    const font = context.styles?.variables?.["--font-sans"];
    if (typeof font === "string") document.body.style.fontFamily = font;
    charts?.recolor();
  }

  // --- following a run

  function take(result) {
    const answer = result.structuredContent ?? {};
    if (result.isError || !RUN_ID.test(answer.run_id)) {
      const text = result.content?.find((block) => block.type === "text")?.text;
      if (!current) plain([text ?? "This answer contains no load test."]);
      return;
    }
    follow(answer.run_id, answer);
  }

  function follow(id, answer) {
    if (!RUN_ID.test(id)) return;
    if (current?.id !== id) {
      stop();
      current = { id, shown: false, failures: 0 };
    }
    current.answer = answer ?? current.answer;
    if (!current.busy) look(current);
  }

  function stop() {
    clearTimeout(current?.timer);
    current = null;
  }

  async function look(run) {
    clearTimeout(run.timer);
    run.busy = true;
    let final = false;
    try {
      const view = await fetchView(run);
      if (current !== run) return;
      run.failures = 0;
      if (view) show(view);
      else brief(run);
      run.shown = true;
      final = view ? view.final : !["running", "queued"].includes(run.answer?.status);
      report(
        view
          ? ""
          : "This client gives its views no access to the server. " +
              "The view shows the test at the time of the answer.",
      );
      if (!view && !host.serverTools) final = true;
    } catch (error) {
      if (current !== run) return;
      run.failures += 1;
      final = run.failures >= FAILURES;
      if (!run.shown && run.answer) brief(run);
      report(`The figures could not be updated: ${error.message}`);
    } finally {
      run.busy = false;
    }
    if (!final) run.timer = setTimeout(() => look(run), EVERY_MS);
  }

  // Returns the whole view, or null if the host blocks both resources and tools. Then only `run.answer` is
  // known.
  async function fetchView(run) {
    if (host.serverResources) {
      try {
        const read = await request("resources/read", { uri: `k6://runs/${run.id}/view` });
        return JSON.parse(read.contents[0].text);
      } catch (error) {
        if (!host.serverTools) throw error;
      }
    }
    if (!host.serverTools) return null;
    const call = { name: "get_run", arguments: { run_id: run.id, detail: "timeline", wait_s: 0 } };
    const result = await request("tools/call", call);
    if (result.isError) throw new Error(result.content?.[0]?.text ?? "the tool refused");
    run.answer = { ...run.answer, ...result.structuredContent };
    return result._meta?.[VIEW] ?? null;
  }

  // --- showing the view

  const kinds = (within) =>
    [...within.querySelectorAll("[data-plot]")].map((plot) => plot.dataset.plot).join();

  function show(view) {
    const fresh = new DOMParser().parseFromString(view.html, "text/html").body;
    const sets = view.data.charts ? [{ name: "", side: "", charts: view.data.charts }] : [];
    if (charts && sets.length && kinds(fresh) === kinds(main)) {
      renew(fresh);
      charts.update(sets);
      return;
    }
    main.replaceChildren(...fresh.childNodes);
    charts = null;
    if (!sets.length) return;
    charts = K6Charts.group((text) => (document.getElementById("spoken").textContent = text));
    for (const plot of main.querySelectorAll("[data-plot]")) charts.add(plot, plot.dataset.plot, sets);
    K6Charts.tools(charts);
    charts.recolor();
  }

  // Replaces everything but the charts and keeps open what the reader has opened.
  function renew(fresh) {
    const drawn = document.getElementById("charts");
    for (const text of fresh.querySelectorAll("#charts p.text"))
      document.getElementById(text.id).textContent = text.textContent;
    const tables = fresh.querySelectorAll("#charts details");
    drawn
      .querySelectorAll("details")
      .forEach((old, i) => tables[i] && old.replaceChildren(...tables[i].childNodes));
    const opened = new Set(
      [...main.querySelectorAll("section:not(#charts) details[open] > summary")].map(
        (one) => one.textContent,
      ),
    );
    for (const one of fresh.querySelectorAll("section:not(#charts) details"))
      if (opened.has(one.querySelector("summary").textContent)) one.open = true;
    const before = [];
    const after = [];
    let list = before;
    for (const node of [...fresh.children]) {
      if (node.id === "charts") list = after;
      else list.push(node);
    }
    for (const node of [...main.children]) if (node !== drawn) node.remove();
    drawn.before(...before);
    drawn.after(...after);
  }

  // Shows the answer itself if the view is not available.
  function brief(run) {
    const answer = run.answer ?? {};
    const figures = Object.entries(answer.figures ?? {}).map(([name, value]) => `${name}: ${value}`);
    plain([answer.headline ?? "The test has started.", ...figures]);
  }

  function plain(texts) {
    charts = null;
    main.replaceChildren(
      ...texts.map((text, i) => {
        const line = document.createElement(i ? "p" : "h1");
        line.textContent = String(text);
        return line;
      }),
    );
  }

  // --- start

  let [wide, high] = [0, 0];
  new ResizeObserver(() => {
    const { width, height } = root.getBoundingClientRect();
    if (Math.ceil(width) === wide && Math.ceil(height) === high) return;
    [wide, high] = [Math.ceil(width), Math.ceil(height)];
    send({ method: "ui/notifications/size-changed", params: { width: wide, height: high } });
  }).observe(root);

  request("ui/initialize", {
    appInfo: { name: "k6-mcp", version: "1" },
    appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
    protocolVersion: "2026-01-26",
  }).then(
    (result) => {
      host = result.hostCapabilities ?? {};
      dress(result.hostContext ?? {});
      send({ method: "ui/notifications/initialized", params: {} });
    },
    (error) => report(`The client did not answer: ${error.message}`),
  );
})();
