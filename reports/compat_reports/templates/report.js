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
  const data = JSON.parse(document.getElementById("rows").textContent);
  const more = document.querySelector("p.more"), MOST = 60;
  const element = (name, text, className) => Object.assign(document.createElement(name), { textContent: text ?? "", className: className ?? "" });
  const STATUS = { look: "needs a look", known: "known difference", agrees: "agrees", none: "no result" };

  // rows are made of the data when they are shown: there may be more of them than a page can hold
  const bodies = [...table.tBodies].map((body, place) => {
    const [name, lines] = data.rows[place], op = body.rows[0], title = op.querySelector(".title");
    const button = element("button", name);
    button.type = "button";
    const link = element("a", "page", "more");
    link.href = title.getAttribute("href");
    link.setAttribute("aria-label", `the page of ${name}`);
    title.replaceWith(button, link);
    const rows = lines.map((line) => ({ line, name, row: null,
      text: `${name} ${line[0]} ${data.texts[line[3]]} ${data.texts[line[4]]}`.toLowerCase(),
      words: data.texts[line[4]].toLowerCase().split(" ") }));
    return { body, op, button, rows, open: data.open || !!op.querySelector(".counts .look") };
  });
  const slugOf = (entry) => entry.line[1] || `${entry.name}.${entry.line[0]}`;
  function resultLine(text) {
    const [letter, word, share, error] = text.split("|");
    return `${letter} ${[word, share && `${share} of the allowance`, error && `max |error| ${error}`].filter(Boolean).join(" · ")}`;
  }
  function rowOf(entry) {
    if (entry.row) return entry.row;
    const [name, , status, sentence, , results, ...strips] = entry.line;
    const row = element("tr"), head = element("th", "", "name"), link = element("a", name);
    const word = data.texts[status], sign = element("span", "", `status ${word}`);
    sign.setAttribute("role", "img");
    sign.setAttribute("aria-label", STATUS[word]);
    link.href = `samples/${slugOf(entry)}.html`;
    head.scope = "row";
    head.append(sign, link, element("small", data.texts[sentence]));
    row.id = `s-${slugOf(entry)}`;
    row.dataset.g = data.texts[results].split(";").map(resultLine).join("\n");
    row.append(head, ...strips.map((place, column) => {
      const cell = element("td");
      cell.dataset.d = heads[column].dialect;
      cell.append(...data.strips[place].map(([style, text, title]) => {
        const stretch = element("i", text, style);
        if (title) stretch.title = title;
        return stretch;
      }));
      return cell;
    }));
    return (entry.row = row);
  }
  form.hidden = false;

  // filter: every word must occur; look, known, changed and changed:2.9 are words of their own
  const own = new Set(["look", "known", "changed", "agrees", "none"]);
  const fits = (entry, word) => (own.has(word) || word.includes(":") ? entry.words.includes(word) : entry.text.includes(word));
  let most = MOST;
  function show() {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0, shown = 0, left = 0;
    for (const part of bodies) {
      const found = words.length ? part.rows.filter((entry) => words.every((word) => fits(entry, word))) : part.rows;
      const open = words.length > 0 || part.open, room = Math.max(0, most - shown);
      const visible = open ? found.slice(0, room) : [];
      part.body.replaceChildren(part.op, ...visible.map(rowOf));
      part.op.hidden = !found.length;
      part.button.setAttribute("aria-expanded", String(open));
      count += found.length;
      shown += visible.length;
      left += open ? found.length - visible.length : 0;
    }
    more.hidden = !left;
    more.firstElementChild.textContent = `show ${Math.min(left, MOST)} more of ${left}`;
    out.textContent = words.length ? `${count} of ${bodies.reduce((sum, part) => sum + part.rows.length, 0)} samples` : "";
    for (const button of form.querySelectorAll("[data-set]"))
      button.setAttribute("aria-pressed", String(button.dataset.set === box.value.trim()));
    reach();
  }
  more.firstElementChild.addEventListener("click", () => { most += MOST; show(); });
  const set = (text) => { box.value = text; most = MOST; show(); };
  for (const part of bodies) part.button.addEventListener("click", () => { part.open = !part.open; show(); });
  for (const button of form.querySelectorAll("[data-set]")) button.addEventListener("click", () => set(button.dataset.set));
  form.querySelector("[data-open]").addEventListener("click", () => { bodies.forEach((part) => { part.open = true; }); set(""); });
  form.querySelector("[data-close]").addEventListener("click", () => { bodies.forEach((part) => { part.open = false; }); set(""); });
  form.addEventListener("submit", (event) => event.preventDefault());
  box.addEventListener("input", () => { most = MOST; show(); });
  for (const link of document.querySelectorAll("[data-filter]")) link.addEventListener("click", () => set(link.dataset.filter));

  function reveal() {
    const wanted = decodeURIComponent(location.hash.slice(1));
    if (!wanted.startsWith("s-")) return;
    for (const part of bodies) {
      const entry = part.rows.find((candidate) => `s-${slugOf(candidate)}` === wanted);
      if (!entry) continue;
      part.open = true;
      most = Math.max(most, bodies.reduce((sum, one) => sum + (one.open ? one.rows.length : 0), 0));
      set("");
      rowOf(entry).scrollIntoView({ block: "center" });
      return;
    }
  }
  addEventListener("hashchange", reveal);

  // the text of a square: environment, dialect, result, numbers
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
