"use strict";
// Draws the charts of runs with uPlot.
// All text is untrusted and reaches the page only as text or on a canvas.
// K6Charts.group(announce) -> { add(element, kind, sets), update(sets), zoom(factor), reset(), recolor(),
// log(on), print(on) }; `sets` is a list of { name, side, charts }: one for a run, several to overlay
// runs.
const K6Charts = (() => {
  const SERIES = {
    latency: [
      { key: "p50_ms", label: "p50", color: "--c1" },
      { key: "p90_ms", label: "p90", color: "--c2" },
      { key: "p95_ms", label: "p95", color: "--c3", width: 2 },
      { key: "p99_ms", label: "p99", color: "--c4" },
      { key: "max_ms", label: "max", color: "--c5", dash: [2, 3], width: 1 },
    ],
    rate: [
      { key: "requests_per_s", label: "requests", color: "--c2", width: 2, fill: true },
      { key: "iterations_per_s", label: "iterations", color: "--c6", unlike: "requests_per_s" },
      { key: "asked_per_s", label: "planned iterations", color: "--c5", dash: [6, 4], width: 1.5 },
      { key: "dropped_per_s", label: "iterations dropped", color: "--c4", positive: true },
    ],
    vus: [
      { key: "vus", label: "VUs", color: "--c7", width: 2, fill: true },
      { key: "asked_vus", label: "planned VUs", color: "--c5", dash: [6, 4], width: 1.5 },
    ],
    errors: [{ key: "failed_per_s", label: "failed", color: "--c4", width: 2, fill: true }],
  };
  const OVERLAID = {
    latency: ["p50_ms", "p95_ms", "p99_ms"],
    rate: ["requests_per_s"],
    vus: ["vus"],
    errors: ["failed_per_s"],
  };
  const UNITS = { latency: "ms", rate: "/s", vus: "", errors: "/s" };
  const CODES = ["--c4", "--c3", "--c7", "--c2", "--c6", "--c1", "--c5"];
  const HEIGHT = 220;
  const STEP_KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };

  function number(value) {
    const size = Math.abs(value);
    return value.toLocaleString("en", {
      maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3,
    });
  }

  function amount(value, unit) {
    if (value === null || value === undefined) return "—";
    if (unit === "ms") return value >= 10000 ? number(value / 1000) + " s" : number(value) + " ms";
    return number(value) + unit;
  }

  // Seconds for runs below a minute, else m:ss or h:mm:ss, with decimals if there are any.
  function clock(seconds, end) {
    const whole = Math.round(seconds * 100) / 100;
    if (end < 60) return number(whole) + " s";
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), Math.floor(whole % 60)];
    const two = (n) => String(n).padStart(2, "0");
    const rest = whole % 1 ? String(Math.round((whole % 1) * 100) / 100).slice(1) : "";
    return (h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`) + rest;
  }

  function element(tag, name, text) {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  const different = (a, b) =>
    a.some(
      (value, i) => value !== null && Math.abs(value - (b[i] ?? 0)) > 0.01 * Math.max(1, Math.abs(value)),
    );

  function single(kind, charts) {
    if (kind === "errors" && charts.errors.length) {
      return charts.errors.map((error, i) => ({
        label: error.label,
        values: error.per_s,
        color: CODES[i % CODES.length],
        width: 1.5,
        fill: i === 0,
      }));
    }
    return SERIES[kind]
      .filter((one) => charts[one.key].some((value) => value !== null && (!one.positive || value > 0)))
      .filter((one) => !one.unlike || different(charts[one.key], charts[one.unlike]))
      .map((one) => ({ ...one, values: charts[one.key] }));
  }

  // The lines of one chart: { x, from, to, lines: [{ label, values, color, … }] }.
  function content(kind, sets) {
    if (sets.length === 1) {
      const charts = sets[0].charts;
      return {
        x: charts.x_s,
        from: charts.from_s,
        to: charts.to_s,
        lines: single(kind, charts),
        sparse: false,
      };
    }
    const keys = OVERLAID[kind];
    const joined = uPlot.join(sets.map((set) => [set.charts.x_s, ...keys.map((key) => set.charts[key])]));
    const lines = sets.flatMap((set, n) =>
      keys.map((key, k) => ({
        label: `${set.name} ${SERIES[kind].find((one) => one.key === key).label}`,
        values: joined[1 + n * keys.length + k],
        color: set.side === "baseline" ? "--c2" : "--c4",
        width: key === "p95_ms" || keys.length === 1 ? 2 : 1.25,
        dash: key === "p50_ms" ? [2, 3] : key === "p99_ms" ? [6, 4] : undefined,
        hidden: key === "p99_ms" || (key === "p50_ms" && sets.length > 2),
      })),
    );
    return { x: joined[0], from: joined[0], to: joined[0], lines, sparse: true };
  }

  function group(announce) {
    const key = "k6-" + Math.random().toString(36).slice(2);
    const plots = [];
    let colors = {};
    let [low, high, end] = [0, 1, 1];
    let logarithmic = false;
    let printing = false;

    function recolor() {
      const style = getComputedStyle(document.documentElement);
      for (const name of [
        "--c1",
        "--c2",
        "--c3",
        "--c4",
        "--c5",
        "--c6",
        "--c7",
        "--text",
        "--muted",
        "--grid",
        "--surface",
        "--bad",
        "--good",
        "--warn",
      ]) {
        colors[name] = style.getPropertyValue(name).trim();
      }
      for (const plot of plots) {
        for (const swatch of plot.swatches) swatch.style.borderTopColor = colors[swatch.dataset.color];
        plot.u.redraw(true, true);
      }
    }

    function view(from, to) {
      const least = Math.max(0.5, end / 1000);
      const width = Math.min(end, Math.max(to - from, least));
      low = Math.min(Math.max(0, from), end - width);
      high = low + width;
      for (const plot of plots) plot.u.setScale("x", { min: low, max: high });
      for (const listener of api.onzoom) listener(low > 0 || high < end, low, high);
    }

    function zoom(factor, around) {
      const width = (high - low) * factor;
      const share = around === undefined ? 0.5 : (around - low) / (high - low);
      const center = around === undefined ? (low + high) / 2 : around;
      view(center - width * share, center + width * (1 - share));
    }

    function within(u, draw) {
      const { ctx, bbox } = u;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.textAlign = "left";
      ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
      draw(ctx, bbox);
      ctx.restore();
    }

    function shades(plot) {
      within(plot.u, (ctx, box) => {
        for (const shade of plot.charts.shades) {
          const [left, right] = [shade.from_s, shade.to_s].map((s) => plot.u.valToPos(s, "x", true));
          ctx.globalAlpha = 0.13;
          ctx.fillStyle = colors[shade.severity === "critical" ? "--bad" : "--warn"];
          ctx.fillRect(left, box.top, Math.max(right - left, 1), box.height);
        }
      });
    }

    function marks(plot) {
      within(plot.u, (ctx, box) => {
        let free = box.left;
        ctx.strokeStyle = ctx.fillStyle = colors["--muted"];
        ctx.textBaseline = "top";
        ctx.lineWidth = devicePixelRatio;
        ctx.setLineDash([3 * devicePixelRatio, 4 * devicePixelRatio]);
        for (const mark of plot.charts.marks) {
          const left = Math.round(plot.u.valToPos(mark.at_s, "x", true)) + 0.5;
          ctx.globalAlpha = 0.6;
          ctx.beginPath();
          ctx.moveTo(left, box.top);
          ctx.lineTo(left, box.top + box.height);
          ctx.stroke();
          const width = ctx.measureText(mark.label).width + 8 * devicePixelRatio;
          if (left >= free && left + width < box.left + box.width) {
            ctx.globalAlpha = 1;
            ctx.fillText(mark.label, left + 4 * devicePixelRatio, box.top + 2 * devicePixelRatio);
            free = left + width;
          }
        }
      });
    }

    function limits(plot) {
      if (plot.kind !== "latency") return;
      within(plot.u, (ctx, box) => {
        ctx.textBaseline = "bottom";
        ctx.textAlign = "right";
        ctx.lineWidth = devicePixelRatio;
        for (const limit of plot.charts.limits) {
          const top = Math.round(plot.u.valToPos(limit.value, "y", true)) + 0.5;
          if (!(top > box.top && top < box.top + box.height)) continue;
          ctx.strokeStyle = ctx.fillStyle = colors[limit.ok ? "--good" : "--bad"];
          ctx.setLineDash([8 * devicePixelRatio, 4 * devicePixelRatio]);
          ctx.beginPath();
          ctx.moveTo(box.left, top);
          ctx.lineTo(box.left + box.width, top);
          ctx.stroke();
          const right = box.left + box.width - 6 * devicePixelRatio;
          const width = ctx.measureText(limit.label).width + 6 * devicePixelRatio;
          // Keeps the label readable over the lines that cross it
          ctx.globalAlpha = 0.8;
          ctx.fillStyle = colors["--surface"];
          ctx.fillRect(
            right - width + 3 * devicePixelRatio,
            top - 15 * devicePixelRatio,
            width,
            14 * devicePixelRatio,
          );
          ctx.globalAlpha = 1;
          ctx.fillStyle = ctx.strokeStyle;
          ctx.fillText(limit.label, right, top - 2 * devicePixelRatio);
        }
      });
    }

    function yRange(plot, min, max) {
      let top = max > 0 ? max : 1;
      if (plot.kind === "latency") {
        for (const limit of plot.charts.limits) if (limit.value <= 2 * top) top = Math.max(top, limit.value);
        if (logarithmic)
          return [
            10 ** Math.floor(Math.log10(Math.max(min ?? top, 0.01))),
            10 ** Math.ceil(Math.log10(Math.max(top, 0.02))),
          ];
      }
      // Room for the stage names
      return [0, top * (plot.charts.marks.length ? 1.16 : 1.08)];
    }

    function options(plot) {
      const axis = {
        stroke: () => colors["--muted"],
        grid: { stroke: () => colors["--grid"], width: 1 },
        ticks: { stroke: () => colors["--grid"], width: 1, size: 5 },
        font: "12px system-ui, sans-serif",
      };
      const unit = UNITS[plot.kind];
      const lines = plot.content.lines.map((line) => ({
        label: line.label,
        show: !line.hidden,
        stroke: () => colors[line.color],
        fill: line.fill ? () => colors[line.color] + "1f" : undefined,
        width: line.width ?? 1.25,
        dash: line.dash,
        spanGaps: plot.content.sparse,
        points: { show: (u) => plot.content.x.filter((x) => x >= low && x <= high).length <= 24, size: 5 },
      }));
      return {
        width: plot.width(),
        height: HEIGHT,
        padding: [10, 28, 0, 0],
        legend: { show: false },
        scales: {
          x: { time: false, range: () => [low, high] },
          y: {
            distr: plot.kind === "latency" && logarithmic ? 3 : 1,
            range: (u, min, max) => yRange(plot, min, max),
          },
        },
        axes: [
          {
            ...axis,
            size: 30,
            values: (u, splits) => splits.map((value) => clock(value, end)),
            space: 70,
            incrs: [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200],
          },
          {
            ...axis,
            size: (u, values) => 16 + 7 * Math.max(...(values || []).map((value) => String(value).length), 6),
            values: (u, splits) =>
              splits.map((value) => (value === null ? "" : amount(value, unit === "ms" ? "ms" : ""))),
          },
        ],
        series: [{}, ...lines],
        cursor: {
          sync: { key, scales: ["x", null] },
          drag: { x: true, y: false, setScale: false },
          points: { size: 7 },
          y: false,
          bind: { dblclick: () => () => (view(0, end), null) },
        },
        hooks: {
          drawClear: [() => shades(plot)],
          draw: [() => (marks(plot), limits(plot))],
          setSelect: [(u) => selected(u)],
          setCursor: [(u) => readout(plot, u.cursor.idx)],
        },
      };
    }

    function selected(u) {
      const { left, width } = u.select;
      if (width < 5) return;
      const [from, to] = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      if (Math.abs(from - low) > 1e-6 || Math.abs(to - high) > 1e-6) view(from, to);
    }

    function time(plot, index) {
      const { from, to, sparse, x } = plot.content;
      return sparse ? clock(x[index], end) : `${clock(from[index], end)} – ${clock(to[index], end)}`;
    }

    function readout(plot, index) {
      const known = index !== null && index !== undefined && index < plot.content.x.length;
      plot.time.textContent = known ? time(plot, index) : "";
      plot.content.lines.forEach((line, i) => {
        plot.values[i].textContent = known ? amount(line.values[index], UNITS[plot.kind]) : "";
      });
    }

    function spoken(plot, index) {
      const shown = plot.content.lines.filter((line, i) => plot.u.series[i + 1].show);
      const values = shown.map((line) => `${line.label} ${amount(line.values[index], UNITS[plot.kind])}`);
      return `${time(plot, index)}: ${values.join(", ")}`;
    }

    function move(plot, index) {
      const x = plot.content.x;
      const last = x.length - 1;
      const at = Math.min(Math.max(0, index), last);
      if (x[at] < low || x[at] > high) view(x[at] - (high - low) / 2, x[at] + (high - low) / 2);
      plot.at = at;
      plot.u.setCursor({ left: plot.u.valToPos(x[at], "x"), top: 10 });
      readout(plot, at);
      announce(spoken(plot, at));
    }

    function pressed(plot, event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const last = plot.content.x.length - 1;
      const at = plot.at ?? (event.key === "ArrowLeft" ? last + 1 : -1);
      if (event.key in STEP_KEYS) move(plot, at + STEP_KEYS[event.key]);
      else if (event.key === "Home") move(plot, 0);
      else if (event.key === "End") move(plot, last);
      else if (event.key === "+" || event.key === "=") zoom(0.5, plot.content.x[plot.at]);
      else if (event.key === "-") zoom(2, plot.content.x[plot.at]);
      else if (event.key === "Escape" || event.key === "0") view(0, end);
      else return;
      event.preventDefault();
    }

    function legend(plot) {
      plot.legend.replaceChildren();
      plot.values = [];
      plot.swatches = [];
      plot.content.lines.forEach((line, i) => {
        const button = element("button", "key");
        button.type = "button";
        button.setAttribute("aria-pressed", String(!line.hidden));
        const swatch = element("span", line.dash ? "swatch dashed" : "swatch");
        swatch.dataset.color = line.color;
        const value = element("span", "value");
        value.setAttribute("aria-hidden", "true");
        button.append(swatch, element("span", "", line.label), value);
        button.addEventListener("click", () => {
          const show = !plot.u.series[i + 1].show;
          plot.u.setSeries(i + 1, { show });
          button.setAttribute("aria-pressed", String(show));
        });
        plot.values.push(value);
        plot.swatches.push(swatch);
        plot.legend.append(button);
      });
      plot.time = element("span", "time");
      plot.legend.append(plot.time);
    }

    function build(plot) {
      plot.u?.destroy();
      plot.at = undefined;
      legend(plot);
      plot.u = new uPlot(
        options(plot),
        [plot.content.x, ...plot.content.lines.map((line) => line.values)],
        plot.canvas,
      );
    }

    function add(host, kind, sets) {
      const plot = {
        kind,
        charts: sets.length === 1 ? sets[0].charts : { marks: [], shades: [], limits: [] },
        content: content(kind, sets),
      };
      plot.width = () => (printing ? 660 : Math.max(280, host.clientWidth));
      plot.legend = element("div", "legend");
      plot.canvas = element("div", "canvas");
      plot.canvas.tabIndex = 0;
      plot.canvas.setAttribute("role", "application");
      plot.canvas.setAttribute(
        "aria-label",
        `${host.dataset.label ?? kind} chart: ` +
          "arrow keys move through time, plus and minus zoom, Escape shows all",
      );
      if (host.dataset.describedby) plot.canvas.setAttribute("aria-describedby", host.dataset.describedby);
      plot.canvas.addEventListener("keydown", (event) => pressed(plot, event));
      host.replaceChildren(plot.legend, plot.canvas);
      const last = Math.max(...sets.map((set) => set.charts.seconds));
      if (!plots.length || last > end) [low, high, end] = [0, last, last];
      build(plot);
      plots.push(plot);
      new ResizeObserver(() => plot.u.setSize({ width: plot.width(), height: HEIGHT })).observe(host);
      return plot;
    }

    // Draws new figures of the same runs, for example of one in progress. Keeps the zoom unless everything
    // was shown.
    function update(sets) {
      const whole = low === 0 && high === end;
      end = Math.max(...sets.map((set) => set.charts.seconds));
      if (whole) [low, high] = [0, end];
      for (const plot of plots) {
        plot.content = content(plot.kind, sets);
        if (sets.length === 1) plot.charts = sets[0].charts;
        build(plot);
      }
      recolor();
    }

    const api = {
      onzoom: [],
      plots,
      add,
      update,
      recolor,
      zoom: (factor) => zoom(factor),
      reset: () => view(0, end),
      log(on) {
        logarithmic = on;
        for (const plot of plots) if (plot.kind === "latency") build(plot);
        recolor();
      },
      print(on) {
        printing = on;
        for (const plot of plots) plot.u.setSize({ width: plot.width(), height: HEIGHT });
        recolor();
      },
    };
    return api;
  }

  // Connects the buttons next to the charts, if the page has them.
  function tools(charts) {
    const bar = document.getElementById("tools");
    if (!bar) return;
    bar.hidden = false;
    const on = (id, action) => document.getElementById(id)?.addEventListener("click", action);
    on("zoom-in", () => charts.zoom(0.5));
    on("zoom-out", () => charts.zoom(2));
    on("zoom-reset", () => charts.reset());
    on("log", (event) => {
      const pressed = event.currentTarget.getAttribute("aria-pressed") !== "true";
      event.currentTarget.setAttribute("aria-pressed", String(pressed));
      charts.log(pressed);
    });
    const reset = document.getElementById("zoom-reset");
    charts.onzoom.push((zoomed) => (reset.disabled = !zoomed));
  }

  return { group, tools };
})();
