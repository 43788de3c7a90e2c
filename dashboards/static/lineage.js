// The lineage graph comes to life: pan, zoom, fit, a minimap, cones on hover, arrow keys, find.
"use strict";

(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const SVG = "http://www.w3.org/2000/svg";
  const clamp = (low, value, high) => Math.min(high, Math.max(low, value));

  function live(canvas) {
    const panel = canvas.parentElement;
    const svg = one("svg.main", canvas);
    const world = one(".v", svg);
    const [width, height] = [+world.dataset.w, +world.dataset.h];
    const nodes = all(".n", world);
    const edges = all(".e", world);
    let [scale, x, y] = [1, 0, 0];

    canvas.classList.add("live");
    svg.removeAttribute("viewBox");
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    const map = minimap(canvas, width, height);

    function apply() {
      world.setAttribute("transform", `translate(${x.toFixed(1)},${y.toFixed(1)}) scale(${scale.toFixed(4)})`);
      const [w, h] = [canvas.clientWidth, canvas.clientHeight];
      map.show(width * scale > w + 8 || height * scale > h + 8, -x / scale, -y / scale, w / scale, h / scale);
    }

    // The whole graph where its text stays readable, else the focus and as much round it as there is room for.
    function fit() {
      const room = canvas.clientWidth - 12;
      scale = clamp(0.86, room / width, 1.06);
      canvas.style.height = `${clamp(220, height * scale + 20, Math.max(260, innerHeight * 0.62))}px`;
      const focus = one(".n.focus", world) || nodes[0];
      const [w, h] = [canvas.clientWidth, canvas.clientHeight];
      x = width * scale <= w ? (w - width * scale) / 2 : clamp(w - 10 - width * scale, w * 0.55 - focus.dataset.x * scale, 10);
      y = height * scale <= h ? (h - height * scale) / 2 : clamp(h - height * scale, h / 2 - focus.dataset.y * scale, 0);
      apply();
    }

    function zoom(factor, cx = canvas.clientWidth / 2, cy = canvas.clientHeight / 2) {
      const next = clamp(0.15, scale * factor, 2.5);
      x = cx - ((cx - x) * next) / scale;
      y = cy - ((cy - y) * next) / scale;
      scale = next;
      apply();
    }

    canvas.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls the page
        event.preventDefault();
        const box = canvas.getBoundingClientRect();
        zoom(Math.exp(-event.deltaY * 0.002), event.clientX - box.left, event.clientY - box.top);
      },
      { passive: false },
    );

    let grip = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button || event.pointerType === "touch" || event.target.closest(".n, .x")) return;
      grip = [event.clientX - x, event.clientY - y];
      canvas.setPointerCapture(event.pointerId);
      canvas.classList.add("drag");
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!grip) return;
      [x, y] = [event.clientX - grip[0], event.clientY - grip[1]];
      apply();
    });
    const letGo = () => {
      grip = null;
      canvas.classList.remove("drag");
    };
    canvas.addEventListener("pointerup", letGo);
    canvas.addEventListener("pointercancel", letGo);

    one(".ctl", panel).hidden = false;
    one(".kbdhint", panel).hidden = false;
    for (const button of all("[data-zoom]", panel)) {
      const factor = { in: 1.25, out: 0.8 }[button.dataset.zoom];
      button.addEventListener("click", () => (factor ? zoom(factor) : fit()));
    }

    const graph = neighbours(nodes, edges);
    cones(nodes, edges, graph, world);
    arrowKeys(world, nodes, graph, canvas);
    find(one(".gq", panel), nodes, (node) => {
      x = canvas.clientWidth / 2 - node.dataset.x * scale;
      y = canvas.clientHeight / 2 - node.dataset.y * scale;
      apply();
    });
    addEventListener("resize", fit);
    fit();
  }

  function minimap(canvas, width, height) {
    const map = document.createElementNS(SVG, "svg");
    map.setAttribute("class", "mini");
    map.setAttribute("aria-hidden", "true");
    map.setAttribute("viewBox", `-20 -10 ${width + 40} ${height + 20}`);
    const use = document.createElementNS(SVG, "use");
    use.setAttribute("href", "#lg");
    const port = document.createElementNS(SVG, "rect");
    port.setAttribute("class", "vp");
    map.append(use, port);
    canvas.append(map);
    return {
      show(on, ...box) {
        map.classList.toggle("on", on);
        ["x", "y", "width", "height"].forEach((name, index) => port.setAttribute(name, box[index]));
      },
    };
  }

  function neighbours(nodes, edges) {
    const [out, into] = [new Map(), new Map()];
    for (const edge of edges) {
      const { a, b } = edge.dataset;
      out.set(a, [...(out.get(a) || []), { edge, to: b }]);
      into.set(b, [...(into.get(b) || []), { edge, to: a }]);
    }
    return { out, into, node: new Map(nodes.map((node) => [node.dataset.id, node])) };
  }

  // Hover lights everything upstream and downstream of a node, and fades the rest.
  // Explicit lineage is obeyed: a job that was come to from a dataset is left only to what goes with it.
  function cones(nodes, edges, graph, world) {
    const made = (edge) => edge.dataset.of && JSON.parse(edge.dataset.of);
    const cone = (id) => {
      const [seen, lit] = [new Set([id]), new Set()];
      for (const up of [false, true]) {
        const [waiting, met] = [[{ at: id, leads: null }], new Set()];
        while (waiting.length) {
          const { at, leads } = waiting.pop();
          for (const { edge, to } of (up ? graph.into : graph.out).get(at) || []) {
            const wanted = up ? [to] : made(edge);
            if (leads && wanted && !wanted.some((one) => leads.includes(one))) continue;
            lit.add(edge);
            seen.add(to);
            const next = { at: to, leads: to.startsWith("job:") ? (up ? made(edge) : [at]) : null };
            if (!met.has(JSON.stringify(next))) waiting.push(next);
            met.add(JSON.stringify(next));
          }
        }
      }
      return [seen, lit];
    };
    const clear = () => all(".dim", world).forEach((part) => part.classList.remove("dim"));
    for (const node of nodes) {
      node.addEventListener("pointerenter", () => {
        const [seen, lit] = cone(node.dataset.id);
        nodes.forEach((other) => other.classList.toggle("dim", !seen.has(other.dataset.id)));
        for (const edge of edges) {
          edge.classList.toggle("dim", !lit.has(edge));
          edge.nextElementSibling.classList.toggle("dim", !lit.has(edge));
        }
      });
      node.addEventListener("pointerleave", clear);
    }
    world.addEventListener("keydown", (event) => event.key === "Escape" && clear());
  }

  // Left is a producer, right a consumer, up and down the next in the column.
  function arrowKeys(world, nodes, graph, canvas) {
    const along = (links, id) => links.get(id)?.map((link) => graph.node.get(link.to)).find(Boolean);
    const beside = (node, step) => {
      const column = nodes.filter((other) => Math.abs(other.dataset.x - node.dataset.x) < 60);
      column.sort((one, other) => one.dataset.y - other.dataset.y);
      return column[column.indexOf(node) + step];
    };
    world.addEventListener("keydown", (event) => {
      const node = event.target.closest(".n");
      if (!node) return;
      const { id } = node.dataset;
      const next = {
        ArrowRight: () => along(graph.out, id),
        ArrowLeft: () => along(graph.into, id),
        ArrowUp: () => beside(node, -1),
        ArrowDown: () => beside(node, 1),
        Escape: () => canvas,
      }[event.key];
      if (!next) return;
      event.preventDefault();
      next()?.focus();
    });
  }

  function find(field, nodes, centre) {
    if (!field) return;
    field.closest(".find").hidden = false;
    field.addEventListener("input", () => {
      const text = field.value.trim().toLowerCase();
      const hits = nodes.filter((node) => text && node.dataset.name.includes(text));
      for (const node of nodes) {
        node.classList.toggle("hit", hits.includes(node));
        node.classList.toggle("dim", Boolean(text) && !hits.includes(node));
      }
      if (hits.length) centre(hits[0]);
    });
  }

  addEventListener("DOMContentLoaded", () => {
    all(".cv").forEach(live);
    document.documentElement.dataset.graph = "ready";
  });
})();
