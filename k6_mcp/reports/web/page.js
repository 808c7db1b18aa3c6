"use strict";
// The behavior of a report page: theme, charts, printing.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const spoken = document.getElementById("spoken");
  const charts = K6Charts.group((text) => (spoken.textContent = text));
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);

  function theme() {
    const button = document.getElementById("theme");
    button.hidden = false;
    const label = () => (button.textContent = isDark() ? "Light" : "Dark");
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      label();
      charts.recolor();
    });
    dark.addEventListener("change", () => (label(), charts.recolor()));
    label();
  }

  function draw() {
    const data = JSON.parse(document.getElementById("view").textContent);
    const sets = data.sets ?? (data.charts ? [{ name: "", side: "", charts: data.charts }] : []);
    if (!sets.length) return;
    for (const host of document.querySelectorAll("[data-plot]")) charts.add(host, host.dataset.plot, sets);
    charts.recolor();
    K6Charts.tools(charts);
  }

  function paper() {
    let before;
    addEventListener("beforeprint", () => {
      before = root.dataset.theme;
      root.dataset.theme = "light";
      charts.print(true);
    });
    addEventListener("afterprint", () => {
      if (before) root.dataset.theme = before;
      else delete root.dataset.theme;
      charts.print(false);
    });
  }

  theme();
  draw();
  paper();
})();
