// @ts-check
// What the page can do beyond being read: fold, search, change views, follow keys. All of it works
// on what is there already; nothing is fetched and nothing is drawn anew.
"use strict";

(() => {
  const root = document.documentElement;
  root.classList.add("scripted");

  /** @param {string} key @param {string} [value] @returns {string | null} */
  function remember(key, value) {
    // Storage may be forbidden, as for pages in files; the page then forgets, and that is all.
    try {
      if (value !== undefined) localStorage.setItem(`specdiff-${key}`, value);
      return localStorage.getItem(`specdiff-${key}`);
    } catch {
      return null;
    }
  }

  // Before the first paint, so that nothing flashes.
  const theme = remember("theme");
  if (theme) root.dataset.theme = theme;
  root.classList.add(remember("view") === "unified" ? "unified" : "split");

  document.addEventListener("DOMContentLoaded", () => {
    /** @template {HTMLElement} T @param {string} selector @returns {T} */
    const one = (selector) => /** @type {T} */ (document.querySelector(selector));
    /** @param {string} selector @returns {HTMLElement[]} */
    const all = (selector) => [...document.querySelectorAll(selector)].map((each) => /** @type {HTMLElement} */ (each));

    const entries = all(".entry");
    const parts = all("[data-part]");
    const field = /** @type {HTMLInputElement} */ (one("#search-text"));
    const dialog = /** @type {HTMLDialogElement} */ (one("#help"));
    const links = new Map(all("nav li a").map((link) => [link.getAttribute("href")?.slice(1) ?? "", link]));
    const shown = () => entries.filter((entry) => !entry.hidden);

    // Folding

    /** @param {Element} entry */
    const isFolded = (entry) => entry.classList.contains("is-folded");

    /** @param {Element} entry @param {boolean} folded */
    function fold(entry, folded) {
      const body = entry.querySelector(":scope > .body");
      if (!body) return; // the row of a table
      entry.classList.toggle("is-folded", folded);
      // The browser's own search finds what is folded and says so by `beforematch`.
      if (folded) body.setAttribute("hidden", "until-found");
      else body.removeAttribute("hidden");
      entry.querySelector(".fold")?.setAttribute("aria-expanded", String(!folded));
    }

    const articles = all("article.entry");
    const foldAll = one("#fold-all");

    function sayFolded() {
      const folded = articles.every(isFolded);
      foldAll.setAttribute("aria-pressed", String(folded));
      foldAll.textContent = folded ? "Unfold all" : "Fold all";
    }

    function toggleAll() {
      const here = current();
      const folded = !articles.every(isFolded);
      for (const article of articles) fold(article, folded);
      sayFolded();
      // Whoever was reading something keeps it in view.
      if (window.scrollY > 0) here?.scrollIntoView({ block: "start" });
    }

    for (const article of articles) {
      article.querySelector(".fold")?.addEventListener("click", () => {
        fold(article, !isFolded(article));
        sayFolded();
      });
      article.addEventListener("beforematch", () => {
        fold(article, false);
        sayFolded();
      });
    }
    foldAll.addEventListener("click", toggleAll);

    for (const button of all(".folder button, #contents")) {
      button.addEventListener("click", () => {
        const open = button.getAttribute("aria-expanded") !== "true";
        button.setAttribute("aria-expanded", String(open));
        document.getElementById(button.getAttribute("aria-controls") ?? "")?.classList.toggle("is-open", open);
      });
    }

    // Where the reader is

    /** The first entry whose end is still below the bar: what is being read. */
    function topmost() {
      const edge = parseFloat(getComputedStyle(root).scrollPaddingTop) + 2;
      return shown().find((entry) => entry.getBoundingClientRect().bottom > edge);
    }

    /** The entry that has the focus while it is in view, else what is being read. */
    function current() {
      const focused = document.activeElement?.closest(".entry");
      if (focused) {
        const place = focused.getBoundingClientRect();
        if (place.bottom > 0 && place.top < window.innerHeight) return /** @type {HTMLElement} */ (focused);
      }
      return topmost();
    }

    /** @type {HTMLElement | undefined} */
    let lit;

    function lightUp() {
      const link = links.get(current()?.id ?? "");
      if (link === lit) return;
      lit?.removeAttribute("aria-current");
      link?.setAttribute("aria-current", "true");
      lit = link;
      const list = link?.closest("nav");
      // Only the list scrolls, never the page.
      if (link && list && list.scrollHeight > list.clientHeight) {
        const [inner, outer] = [link.getBoundingClientRect(), list.getBoundingClientRect()];
        if (inner.top < outer.top || inner.bottom > outer.bottom) {
          list.scrollTop += inner.top - outer.top - outer.height / 3;
        }
      }
    }

    let waiting = false;
    function lightUpSoon() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        lightUp();
      });
    }
    document.addEventListener("scroll", lightUpSoon, { passive: true });
    document.addEventListener("focusin", lightUpSoon);

    /** @param {HTMLElement} entry */
    function goTo(entry) {
      entry.scrollIntoView({ block: "start" });
      entry.focus({ preventScroll: true });
      history.replaceState(null, "", `#${entry.id}`);
    }

    /** @param {number} step */
    function move(step) {
      const visible = shown();
      const here = current();
      const position = here ? visible.indexOf(here) : -1;
      // At the start of the page nothing is focused yet, and the first key leads to the first entry.
      const isFirst = here && !here.contains(document.activeElement) && here.getBoundingClientRect().top > 100;
      const next = visible[isFirst && step > 0 ? position : position + step];
      if (next) goTo(next);
    }

    function followLink() {
      const entry = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (!entry?.classList.contains("entry")) return;
      if (entry.hidden) showEverything();
      fold(entry, false);
      sayFolded();
      entry.scrollIntoView({ block: "start" });
      entry.focus({ preventScroll: true });
    }
    window.addEventListener("hashchange", followLink);

    // Searching

    /** @type {{ entry: HTMLElement, name: string, text: string }[]} */
    let index = [];
    const off = new Set();

    /** The text is gathered once, at the first search. */
    function texts() {
      if (!index.length) {
        index = entries.map((entry) => {
          const text = (entry.textContent ?? "").toLowerCase();
          return { entry, name: entry.id.toLowerCase(), text };
        });
      }
      return index;
    }

    const words = () => field.value.toLowerCase().split(/\s+/).filter(Boolean);

    function search() {
      const wanted = words();
      let found = 0;
      for (const { entry, text } of texts()) {
        entry.hidden = off.has(entry.dataset.change) || !wanted.every((word) => text.includes(word));
        if (!entry.hidden) found += 1;
        const item = links.get(entry.id)?.parentElement;
        if (item) item.hidden = entry.hidden;
      }
      for (const part of parts) {
        part.hidden = !part.querySelector(".entry:not([hidden]), li:not([hidden])");
        for (const list of part.querySelectorAll("ul")) {
          const empty = !list.querySelector("li:not([hidden])");
          list.hidden = empty;
          if (list.previousElementSibling?.tagName === "H3") {
            /** @type {HTMLElement} */ (list.previousElementSibling).hidden = empty;
          }
        }
      }
      for (const chapter of all(".chapter")) {
        chapter.hidden = !chapter.querySelector(".part:not([hidden])");
      }
      const filtered = wanted.length || off.size;
      one("#search-count").textContent = filtered ? `${found} of ${entries.length}` : "";
      one("#nothing").hidden = found > 0;
      mark(wanted);
      lightUpSoon();
    }

    /** Colours what was found without touching the text. @param {string[]} wanted */
    function mark(wanted) {
      if (!("highlights" in CSS)) return;
      CSS.highlights.delete("found");
      // One letter would colour the whole page.
      const long = wanted.filter((word) => word.length > 1);
      if (!long.length) return;
      const ranges = [];
      for (const entry of shown()) {
        const walker = document.createTreeWalker(entry, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          const text = (node.nodeValue ?? "").toLowerCase();
          for (const word of long) {
            for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
              const range = new Range();
              range.setStart(node, at);
              range.setEnd(node, at + word.length);
              ranges.push(range);
            }
          }
        }
      }
      CSS.highlights.set("found", new Highlight(...ranges));
    }

    /** A name that is the words comes before one that begins with them, then one that has them. */
    function goToBest() {
      const phrase = words().join("_");
      const found = texts().filter(({ entry }) => !entry.hidden);
      const best =
        found.find(({ name }) => name === phrase) ??
        found.find(({ name }) => name.startsWith(phrase)) ??
        found.find(({ name }) => name.includes(phrase)) ??
        found[0];
      if (!best) return;
      fold(best.entry, false);
      sayFolded();
      goTo(best.entry);
    }

    function showEverything() {
      field.value = "";
      off.clear();
      for (const button of all("[data-toggle]")) button.setAttribute("aria-pressed", "true");
      search();
    }

    field.addEventListener("input", search);
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") goToBest();
      if (event.key === "Escape") {
        field.value = "";
        search();
        field.blur();
      }
    });
    one("#clear").addEventListener("click", showEverything);
    for (const button of all("[data-toggle]")) {
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        if (on) off.delete(button.dataset.toggle);
        else off.add(button.dataset.toggle);
        search();
      });
    }

    // Views and colours

    /** @param {string} view */
    function setView(view) {
      const here = current();
      const before = here?.getBoundingClientRect().top ?? 0;
      root.classList.toggle("unified", view === "unified");
      root.classList.toggle("split", view !== "unified");
      for (const button of all("[data-view]")) {
        button.setAttribute("aria-pressed", String(button.dataset.view === view));
      }
      remember("view", view);
      // What is being read stays where it is though all above it has another height.
      if (here) window.scrollBy(0, here.getBoundingClientRect().top - before);
    }
    for (const button of all("[data-view]")) {
      button.addEventListener("click", () => setView(button.dataset.view ?? "split"));
    }
    setView(root.classList.contains("unified") ? "unified" : "split");

    const system = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

    function sayTheme() {
      one("#theme").setAttribute("aria-pressed", String(isDark()));
      one("#theme").textContent = isDark() ? "Light" : "Dark";
    }

    function toggleTheme() {
      root.dataset.theme = isDark() ? "light" : "dark";
      remember("theme", root.dataset.theme);
      sayTheme();
    }
    system.addEventListener("change", sayTheme);
    one("#theme").addEventListener("click", toggleTheme);
    sayTheme();

    // Keys

    one("#show-help").addEventListener("click", () => dialog.showModal());

    /** @type {Record<string, () => void>} */
    const keys = {
      j: () => move(1),
      k: () => move(-1),
      "/": () => field.select(),
      f: () => {
        const entry = current();
        if (entry) fold(entry, !isFolded(entry));
        sayFolded();
      },
      F: toggleAll,
      s: () => setView("split"),
      u: () => setView("unified"),
      t: toggleTheme,
      "?": () => dialog.showModal(),
    };
    document.addEventListener("keydown", (event) => {
      const isTyping = event.target instanceof HTMLInputElement;
      if (isTyping || dialog.open || event.ctrlKey || event.metaKey || event.altKey) return;
      const action = keys[event.key];
      if (!action) return;
      event.preventDefault(); // or the slash would be typed into the field
      action();
    });

    followLink();
    lightUp();
  });
})();
