// What every page gains from a script: the search key, sorting, copied links, the section in view, a lazy refresh.
"use strict";

(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  function searchKey() {
    addEventListener("keydown", (event) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        one("#q")?.focus();
      } else if (event.key === "Escape" && typing) {
        document.activeElement.blur();
      }
    });
  }

  // Headings of sortable tables become buttons; a cell's data-v is what it sorts by, as a number where it is one.
  function sorting() {
    for (const head of all("table.sort thead th:not([data-unsorted])")) {
      if (!head.textContent.trim()) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sortBy(head));
    }
  }

  function sortBy(head) {
    const heads = [...head.parentElement.children];
    const column = heads.indexOf(head);
    const up = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => row.children[column].dataset.v ?? row.children[column].textContent.trim();
    const compare = (a, b) => {
      const [x, y] = [key(a), key(b)];
      const numbers = x !== "" && y !== "" && !isNaN(x) && !isNaN(y);
      return (numbers ? x - y : x.localeCompare(y)) * (up ? 1 : -1);
    };
    const body = one("tbody", head.closest("table"));
    body.append(...all("tr", body).sort(compare));
  }

  function copying() {
    for (const button of all("[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.dataset.copy || location.href);
        button.lastChild.textContent = "Copied";
      });
    }
  }

  // Marks the section that the reader is in among the tabs.
  function sections() {
    const tabs = all(".tabs a[href^='#']");
    if (!tabs.length || !window.IntersectionObserver) return;
    const tab = new Map(tabs.map((link) => [link.hash.slice(1), link]));
    const seen = new Set();
    const watch = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) seen[entry.isIntersecting ? "add" : "delete"](entry.target.id);
        const first = tabs.find((link) => seen.has(link.hash.slice(1)));
        if (!first) return;
        tabs.forEach((link) => link.removeAttribute("aria-current"));
        first.setAttribute("aria-current", "true");
      },
      { rootMargin: "-110px 0px -45% 0px" },
    );
    for (const id of tab.keys()) {
      const section = document.getElementById(id);
      if (section) watch.observe(section);
    }
  }

  addEventListener("DOMContentLoaded", () => {
    searchKey();
    sorting();
    copying();
    sections();
  });
})();
