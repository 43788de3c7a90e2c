// Charts: figures arrive as JSON whose colours are tokens, "var(--ok)"; they are resolved for the theme of the moment.
"use strict";

(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const settings = {
    responsive: true,
    displaylogo: false,
    doubleClick: "reset",
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
  };

  // A probe says what a token means now: the browser computes light-dark() for it.
  function palette() {
    const probe = document.createElement("i");
    document.body.append(probe);
    const known = new Map();
    return {
      of(name) {
        if (!known.has(name)) {
          probe.style.color = name;
          known.set(name, getComputedStyle(probe).color);
        }
        return known.get(name);
      },
      done: () => probe.remove(),
    };
  }

  function coloured(value, colours) {
    if (typeof value === "string") return value.startsWith("var(--") ? colours.of(value) : value;
    if (Array.isArray(value)) return value.map((item) => coloured(item, colours));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, colours)]));
  }

  async function draw() {
    if (!window.Plotly) return;
    const colours = palette();
    const drawn = all(".chart").map((chart) => {
      const figure = coloured(JSON.parse(document.getElementById(chart.dataset.figure).textContent), colours);
      return Plotly.react(chart, figure.data, figure.layout, settings);
    });
    colours.done();
    await Promise.all(drawn);
    document.documentElement.dataset.charts = "ready";
  }

  // Charts of one page share the time axis: zooming one zooms all.
  function share() {
    const charts = all(".chart[data-sync]");
    let busy = false;
    for (const chart of charts) {
      chart.on?.("plotly_relayout", async (change) => {
        const [from, to] = change["xaxis.range"] || [change["xaxis.range[0]"], change["xaxis.range[1]"]];
        if (busy || (!from && !change["xaxis.autorange"])) return;
        busy = true;
        const axis = from ? { "xaxis.range": [from, to] } : { "xaxis.autorange": true };
        await Promise.all(charts.filter((other) => other !== chart).map((other) => Plotly.relayout(other, axis)));
        busy = false;
      });
    }
  }

  addEventListener("DOMContentLoaded", async () => {
    await draw();
    share();
    addEventListener("theme", draw);
  });
})();
