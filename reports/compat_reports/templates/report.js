// The grid: filter, open and close, and what a square says. Without this script everything is shown.
"use strict";
(() => {
  const table = document.querySelector("table.strips");
  if (!table) return;
  const form = document.querySelector(".filter"), box = form.querySelector("input"), out = form.querySelector("output");
  const tip = document.querySelector(".tip");
  const heads = [...table.tHead.rows[0].cells].slice(1).map((head) => ({
    dialect: head.querySelector(".dialect").textContent,
    scale: [...head.querySelectorAll(".scale i")],
  }));
  const bodies = [...table.tBodies].map((body) => {
    const rows = [...body.rows], op = rows.shift(), title = op.querySelector(".title");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = title.textContent;
    title.replaceWith(button);
    const name = button.textContent.toLowerCase();
    return { body, op, button, open: table.dataset.open === "all" || !!op.querySelector(".counts .look"),
      rows: rows.map((row) => ({ row, text: `${name} ${row.cells[0].textContent} ${row.dataset.q}`.toLowerCase(),
        words: row.dataset.q.toLowerCase().split(" ") })) };
  });
  form.hidden = false;

  // filter: every word must occur; look, known, changed and changed:2.9 are words of their own
  const own = new Set(["look", "known", "changed", "agrees", "none"]);
  const fits = (entry, word) => (own.has(word) || word.includes(":") ? entry.words.includes(word) : entry.text.includes(word));
  function show() {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const part of bodies) {
      let here = 0;
      for (const entry of part.rows) {
        const fit = words.every((word) => fits(entry, word));
        here += fit;
        entry.row.hidden = !fit || !(words.length || part.open);
      }
      part.op.hidden = !here;
      part.button.setAttribute("aria-expanded", String(words.length > 0 || part.open));
      count += here;
    }
    out.textContent = words.length ? `${count} of ${bodies.reduce((sum, part) => sum + part.rows.length, 0)} samples` : "";
    for (const button of form.querySelectorAll("[data-set]"))
      button.setAttribute("aria-pressed", String(button.dataset.set === box.value.trim()));
    reach();
  }
  const set = (text) => { box.value = text; show(); };
  for (const part of bodies) part.button.addEventListener("click", () => { part.open = !part.open; show(); });
  for (const button of form.querySelectorAll("[data-set]")) button.addEventListener("click", () => set(button.dataset.set));
  form.querySelector("[data-open]").addEventListener("click", () => { bodies.forEach((part) => { part.open = true; }); set(""); });
  form.querySelector("[data-close]").addEventListener("click", () => { bodies.forEach((part) => { part.open = false; }); set(""); });
  form.addEventListener("submit", (event) => event.preventDefault());
  box.addEventListener("input", show);
  for (const link of document.querySelectorAll("[data-filter]")) link.addEventListener("click", () => set(link.dataset.filter));

  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const part = target && bodies.find((candidate) => candidate.body.contains(target));
    if (!part) return;
    part.open = true;
    box.value = "";
    show();
    target.scrollIntoView({ block: "center" });
  }
  addEventListener("hashchange", reveal);

  // the text of a square: environment, dialect, result, numbers
  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  function square(cell, place) {
    let before = 0;
    for (const stretch of cell.children) {
      if (place < before + stretch.textContent.length)
        return { stretch, letter: stretch.textContent[place - before] };
      before += stretch.textContent.length;
    }
    return null;
  }
  let at = null;
  function tell(cell, place, x, y) {
    const head = heads[cell.cellIndex - 1], found = square(cell, place);
    if (!found) return hush();
    const title = found.stretch.dataset.title ?? found.stretch.title;
    if (found.stretch.title) { found.stretch.dataset.title = title; found.stretch.removeAttribute("title"); }
    const group = (cell.parentNode.dataset.g || "").split("\n").find((line) => line.startsWith(found.letter + " "));
    const lines = [];
    if (group && !/\b[zu]\b/.test(found.stretch.className)) lines.push(`result ${group}`);
    if (title) lines.push(title);
    if (!title && cell.parentNode.classList.contains("op") && found.letter === "A") lines.push("every sample has the bits of A");
    if (found.stretch.classList.contains("u") && !title) lines.push("cannot be spelled here");
    if (found.stretch.classList.contains("n")) lines.push("not recorded");
    tip.replaceChildren(element("b", `${head.scale[place].dataset.name} · ${head.dialect}`), ...lines.map((line) => element("div", line)));
    tip.hidden = false;
    tip.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${y + 22 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 12 : y + 20}px`;
    if (at) at.classList.remove("at");
    at = head.scale[place];
    at.classList.add("at");
  }
  function hush() {
    tip.hidden = true;
    if (at) at.classList.remove("at");
    at = null;
  }
  const wide = () => parseFloat(getComputedStyle(table).getPropertyValue("--w"));
  // the place of a point within a strip, and the point of a place
  function placeOf(cell, x) {
    let before = 0;
    for (const stretch of cell.children) {
      const left = stretch.getBoundingClientRect().left, count = stretch.textContent.length;
      if (x >= left && x < left + count * wide()) return before + Math.floor((x - left) / wide());
      before += count;
    }
    return -1;
  }
  function pointOf(cell, place) {
    for (const stretch of cell.children) {
      if (place < stretch.textContent.length) {
        const box = stretch.getBoundingClientRect();
        return [box.left + place * wide(), box.top];
      }
      place -= stretch.textContent.length;
    }
    return [0, 0];
  }
  table.addEventListener("pointermove", (event) => {
    const cell = event.target.closest("td");
    const place = cell ? placeOf(cell, event.clientX) : -1;
    if (place < 0) hush(); else tell(cell, place, event.clientX, event.clientY);
  });
  table.addEventListener("pointerleave", hush);

  // keyboard: Tab reaches one strip, the arrows move from square to square
  let cell = null, place = 0;
  function go(next, where) {
    if (cell) { cell.tabIndex = -1; delete cell.dataset.on; }
    cell = next;
    place = Math.max(0, Math.min(where, heads[cell.cellIndex - 1].scale.length - 1));
    cell.tabIndex = 0;
  }
  function say() {
    cell.dataset.on = "";
    tell(cell, place, ...pointOf(cell, place));
  }
  // the strip that Tab reaches is one that is shown
  function reach() {
    const first = table.querySelector("tbody tr:not([hidden]) > td");
    if (first && (!cell || cell.parentNode.hidden)) go(first, 0);
  }
  table.addEventListener("focusin", (event) => { if (event.target.matches("td")) { go(event.target, place); say(); } });
  table.addEventListener("focusout", () => { if (cell) delete cell.dataset.on; hush(); });
  table.addEventListener("keydown", (event) => {
    if (!event.target.matches("td")) return;
    const rows = [...table.querySelectorAll("tbody tr:not([hidden])")], row = rows.indexOf(cell.parentNode), column = cell.cellIndex;
    const last = heads[column - 1].scale.length - 1;
    let next = cell, where = place;
    if (event.key === "ArrowRight") { if (place < last) where += 1; else if (cell.nextElementSibling) { next = cell.nextElementSibling; where = 0; } }
    else if (event.key === "ArrowLeft") { if (place) where -= 1; else if (column > 1) { next = cell.previousElementSibling; where = 1e6; } }
    else if (event.key === "ArrowDown" && rows[row + 1]) next = rows[row + 1].cells[column];
    else if (event.key === "ArrowUp" && row > 0) next = rows[row - 1].cells[column];
    else if (event.key === "Escape") return hush();
    else if (event.key === "Enter") { const link = cell.parentNode.querySelector("a"); if (link) link.click(); return; }
    else return;
    event.preventDefault();
    go(next, where);
    if (next !== event.target) next.focus(); else say();
  });

  show();
  reveal();
})();
