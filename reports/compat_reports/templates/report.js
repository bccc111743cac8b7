// The overview: filters, the step between two versions, and the grid with what a square says.  What is shown is in the
// address, so that a view can be sent.  Without this script everything but the rows is shown.
"use strict";
(() => {
  const table = document.querySelector("table.strips");
  if (!table) return;
  const form = document.querySelector(".filter"), box = form.querySelector("input"), out = form.querySelector("output");
  const tip = document.querySelector(".tip"), stepping = document.querySelector(".stepping");
  const heads = [...table.tHead.rows[0].cells].slice(1).map((head) => ({
    dialect: head.querySelector(".dialect").textContent,
    scale: [...head.querySelectorAll(".scale i")],
  }));
  const data = JSON.parse(document.getElementById("rows").textContent);
  const more = document.querySelector("p.more"), MOST = 40;
  const element = (name, text, className) => Object.assign(document.createElement(name), { textContent: text ?? "", className: className ?? "" });
  const STATUS = { look: "needs a look", known: "known difference", agrees: "agrees", none: "no result" };

  // what is shown, as the address has it
  const KEYS = ["q", "op", "dialect", "version", "verdict", "from", "to", "what"];
  const controls = [...document.querySelectorAll("[data-key]")];
  const parsed = (hash) => {
    const found = new URLSearchParams(hash.includes("=") ? hash.slice(1) : "");
    return Object.fromEntries(KEYS.map((key) => [key, found.get(key) ?? ""]));
  };
  let state = parsed(location.hash), applied = null;
  function address(push) {
    applied = `#${new URLSearchParams(KEYS.filter((key) => state[key]).map((key) => [key, state[key]]))}`;
    if (push) history.pushState(null, "", applied); else history.replaceState(null, "", applied);
  }

  // rows are made of the data when they are shown: there may be more of them than a page can hold
  const bodies = [...table.tBodies].map((body, place) => {
    const [name, lines, names] = data.rows[place], op = body.rows[0], title = op.querySelector(".title");
    const button = element("button", name);
    button.type = "button";
    const link = element("a", "page", "more");
    link.href = title.getAttribute("href");
    link.setAttribute("aria-label", `the page of ${name}`);
    title.replaceWith(button, link);
    const rows = lines.map((line) => ({ line, name, row: null, chosen: true, step: null,
      text: `${name} ${line[0]} ${data.texts[line[3]]} ${data.texts[line[4]]} ${names}`.toLowerCase(),
      words: data.texts[line[4]].toLowerCase().split(" ") }));
    return { body, op, name, button, rows, shown: [], open: data.open || !!op.querySelector(".counts .look") };
  });
  const entries = bodies.flatMap((part) => part.rows);
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

  // squares: what a sample says in a dialect and an environment, the same rules as steps.py
  const ABSENT = { letter: "", said: "", spelled: false, recorded: false }, LACKS = { ...ABSENT, said: "unsupported", recorded: true };
  const spread = [], places = data.shows.map((shown) => new Map(shown.map((index, place) => [index, place])));
  function squaresOf(place) {
    return (spread[place] ??= data.strips[place].flatMap(([style, text, title, said]) => {
      const unsupported = /^u\b/.test(style), recorded = !/^n\b/.test(style);
      const square = { why: unsupported && title ? title.replace(/^unsupported: /, "") : "", said: unsupported ? "unsupported" : said === undefined ? "" : data.texts[said], recorded, spelled: recorded && !unsupported };
      return [...text].map((letter) => ({ ...square, letter: /[A-Z+]/.test(letter) ? letter : "" }));
    }));
  }
  function squareAt(entry, column, index) {
    const place = places[column].get(index);
    return place !== undefined ? squaresOf(entry.line[6 + column])[place] : data.lacks[column].includes(index) ? LACKS : ABSENT;
  }
  const known = (said) => said.startsWith("known "), loud = (said) => said !== "" && said !== "unsupported" && !known(said);
  const verdictOf = (square) => (known(square.said) ? "known" : square.said || "agrees");

  // the step between two versions
  const SESSION = heads.findIndex((head) => head.dialect === "tf1.session"), RANK = ["look", "otherwise", "alike", "same"];
  function how({ before, after }) {
    if (loud(after.said)) return "look";
    if (before.letter && before.letter === after.letter && before.letter !== "+" && before.said === after.said) return "same";
    if (before.said !== after.said) return "otherwise";
    return after.said ? "alike" : "same";
  }
  function stepOf(entry, a, b) {
    const moved = [];
    heads.forEach(({ dialect }, column) => {
      let before = squareAt(entry, column, a), own = true;
      const after = squareAt(entry, column, b);
      if (!before.spelled && SESSION >= 0) { before = squareAt(entry, SESSION, a); own = column === SESSION; }
      if (data.tensorflow[column] && before.spelled && after.recorded && (after.spelled || own)) moved.push({ dialect, own, before, after });
    });
    const words = moved.map(how);
    return { how: RANK.find((word) => words.includes(word)) ?? "", moved: moved.filter((one, place) => words[place] === "otherwise" || words[place] === "look"),
      bits: moved.some(({ before, after }) => before.letter && after.letter && before.letter !== after.letter) };
  }
  const touched = ({ how, bits }) => (state.what === "verdict" ? how === "otherwise" || how === "look" : state.what === "bits" ? bits : bits || how === "otherwise" || how === "look");

  // what of the filters beside the text a row fits: found when they change, not at every key
  function choose() {
    const [a, b, version] = [state.from, state.to, state.version].map((label) => data.environments.indexOf(label));
    const columns = heads.map((head, column) => column).filter((column) => !state.dialect || heads[column].dialect === state.dialect);
    const wanted = (square) => (state.verdict ? square.recorded && (state.verdict === "look" ? loud(square.said) : verdictOf(square) === state.verdict) : square.spelled);
    const seen = new Map();
    const fits = (entry) => columns.some((column) => {
      const strip = entry.line[6 + column], key = strip * heads.length + column;
      if (!seen.has(key)) seen.set(key, (version < 0 ? data.shows[column] : [version]).some((index) => wanted(squareAt(entry, column, index))));
      return seen.get(key);
    });
    const facets = state.dialect || state.version || state.verdict, stepped = a >= 0 && b >= 0 && a !== b;
    for (const entry of entries) {
      entry.step = stepped ? stepOf(entry, a, b) : null;
      entry.chosen = (!state.op || entry.name === state.op) && (!facets || fits(entry)) && (!stepped || touched(entry.step));
    }
    for (const head of heads) for (const label of head.scale) label.classList.toggle("picked", stepped && (label.textContent === state.from || label.textContent === state.to));
    tellStep(stepped);
  }
  function tellStep(stepped) {
    const list = stepping.querySelector("ul"), sentence = stepping.querySelector("output");
    stepping.querySelector("p.over").hidden = true;
    list.replaceChildren();
    if (!stepped) { sentence.textContent = ""; return; }
    const counts = { look: 0, otherwise: 0, alike: 0, same: 0, "": 0 }, groups = new Map();
    let bits = 0;
    for (const { name, line, step } of entries) {
      counts[step.how] += 1;
      bits += step.bits;
      const seen = new Set();
      for (const { dialect, before, after } of step.moved) {
        const key = `${before.said}\n${after.said}\n${after.why ?? ""}`;
        if (!groups.has(key)) groups.set(key, { before, after, dialects: new Set(), count: 0, operations: new Set() });
        const group = groups.get(key);
        group.dialects.add(dialect);
        group.operations.add(name);
        group.count += !seen.has(key);
        seen.add(key);
      }
    }
    const compared = entries.length - counts[""], otherwise = counts.otherwise + counts.look;
    sentence.textContent = `${state.from} → ${state.to}: of ${compared} samples ${counts.same} compute the same up to rounding` +
      `${counts.alike ? `, ${counts.alike} keep the known difference that they had` : ""}, ${otherwise} behave otherwise${counts.look ? ` (${counts.look} to look at)` : ""}; ${bits} have other bits in some dialect.`;
    const found = [...groups.values()].sort((x, y) => loud(y.after.said) - loud(x.after.said) || y.count - x.count);
    list.append(...found.slice(0, 24).map(stepCard));
    stepping.querySelector("p.over").hidden = found.length <= 24;
    stepping.querySelector("p.over").textContent = `and ${found.length - 24} more; the grid below has every row.`;
  }
  const wordOf = (square) => (known(square.said) ? square.said.slice(6).split(": ")[0] : verdictOf(square));
  const inWords = (square) => (known(square.said) ? square.said.slice(6) : square.said === "unsupported" ? `cannot be spelled${square.why ? `: ${square.why}` : ""}` : verdictOf(square));
  function stepCard({ before, after, dialects, count, operations }) {
    const card = element("li"), body = element("div"), names = [...operations];
    body.append(element("p", `${inWords(before)} → ${inWords(after)}`, "reason"));
    body.append(element("p", `${count} sample${count === 1 ? "" : "s"} in ${[...dialects].join(", ")}: ${names.slice(0, 6).join(", ")}${names.length > 6 ? ` and ${names.length - 6} more` : ""}`, "where"));
    card.append(element("span", after.said ? wordOf(after) : "agrees now", loud(after.said) ? `verdict ${after.said}` : "verdict isknown"), body);
    return card;
  }

  // filter: every word must occur; look, known, changed and changed:2.9 are words of their own
  const own = new Set(["look", "known", "changed", "agrees", "none"]);
  const fits = (entry, word) => (own.has(word) || /^changed:/.test(word) ? entry.words.includes(word) : entry.text.includes(word));
  // the first of the operations at once, the others a few at a time: some hundred of them take long to lay out
  const AT_ONCE = 10;
  let most = MOST, waiting = [], soon = false;
  function showMore(count = waiting.length) {
    for (const part of waiting.splice(0, count)) part.body.hidden = false;
  }
  function later() {
    if (soon) return;
    soon = true;
    requestAnimationFrame(() => setTimeout(() => {
      soon = false;
      showMore(AT_ONCE);
      if (waiting.length) later();
    }));
  }
  function show() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const narrowed = words.length > 0 || KEYS.some((key) => key !== "q" && key !== "what" && state[key]);
    let count = 0, shown = 0, left = 0, operations = 0;
    waiting = [];
    for (const part of bodies) {
      const found = narrowed ? part.rows.filter((entry) => entry.chosen && words.every((word) => fits(entry, word))) : part.rows;
      const open = narrowed || part.open, room = Math.max(0, most - shown);
      const visible = open ? found.slice(0, room) : [];
      if (visible.length || part.shown.length) fill(part, visible);
      // of what was looked for only operations with a row in sight: a table of all takes long to lay out
      const hidden = narrowed ? !visible.length : !found.length;
      operations += !hidden;
      if (part.body.hidden && !hidden && operations > AT_ONCE) waiting.push(part);
      else if (part.body.hidden !== hidden) part.body.hidden = hidden;
      if (!hidden) part.button.setAttribute("aria-expanded", String(open));
      count += found.length;
      shown += visible.length;
      left += open ? found.length - visible.length : 0;
    }
    more.hidden = !left;
    more.firstElementChild.textContent = `show ${Math.min(left, MOST)} more of ${left}`;
    if (waiting.length) later();
    out.textContent = narrowed ? `${count} of ${entries.length} samples` : "";
    for (const button of form.querySelectorAll("[data-set]"))
      button.setAttribute("aria-pressed", String(button.dataset.set ? button.dataset.set === state.q.trim() : !narrowed));
    reach();
  }
  function fill(part, visible) {
    if (visible.length === part.shown.length && visible.every((entry, place) => entry === part.shown[place])) return;
    for (const row of [...part.body.rows].slice(1)) row.remove();  // the first stays: it may have the focus
    part.body.append(...visible.map(rowOf));
    part.shown = visible;
  }
  function apply() {
    for (const control of controls) if (control.value !== state[control.dataset.key]) control.value = state[control.dataset.key];
    most = MOST;
    choose();
    show();
  }
  // a step of the view: another entry of the history, but not for every key that is typed
  function turn(changes, push = true) {
    state = { ...state, ...changes };
    address(push);
    apply();
  }
  const nothing = Object.fromEntries(KEYS.map((key) => [key, ""]));
  more.firstElementChild.addEventListener("click", () => { most += MOST; show(); });
  for (const part of bodies) part.button.addEventListener("click", () => { part.open = !part.open; show(); });
  for (const button of form.querySelectorAll("[data-set]"))
    button.addEventListener("click", () => turn(button.dataset.set ? { q: button.dataset.set } : nothing));
  for (const [name, open] of [["open", true], ["close", false]])
    form.querySelector(`[data-${name}]`).addEventListener("click", () => { bodies.forEach((part) => { part.open = open; }); turn(nothing); });
  for (const one of document.querySelectorAll("form")) one.addEventListener("submit", (event) => event.preventDefault());
  for (const control of controls) {
    if (control === box) box.addEventListener("input", () => { state.q = box.value; address(false); most = MOST; show(); });
    else control.addEventListener("change", () => turn({ [control.dataset.key]: control.value }));
  }
  stepping.querySelector("button").addEventListener("click", () => turn({ from: "", to: "", what: "" }));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href*='#']"), hash = link?.hash ?? "";
    if (!hash.includes("=") || link.pathname !== location.pathname) return;
    event.preventDefault();
    state = parsed(hash);
    address(true);
    apply();
    document.getElementById(state.from ? "step" : "grid").scrollIntoView();
  });
  function travelled() {
    if (location.hash === applied) return;
    applied = location.hash;
    if (!reveal()) { state = parsed(location.hash); apply(); }
  }
  addEventListener("popstate", travelled);
  addEventListener("hashchange", travelled);

  function reveal() {
    let wanted = location.hash.slice(1);
    try { wanted = decodeURIComponent(wanted); } catch { return false; }
    if (!wanted.startsWith("s-") || wanted.includes("=")) return false;
    for (const part of bodies) {
      const entry = part.rows.find((candidate) => `s-${slugOf(candidate)}` === wanted);
      if (!entry) continue;
      part.open = true;
      state = { ...nothing };
      apply();
      most = Math.max(most, bodies.reduce((sum, one) => sum + (one.open ? one.rows.length : 0), 0));
      show();
      showMore();  // what is above it as well: it is to stay where it is
      rowOf(entry).scrollIntoView({ block: "center" });
      return true;
    }
    return false;
  }
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
    const first = table.querySelector("tbody:not([hidden]) tr > td");
    if (first && (!cell || cell.closest("tbody")?.hidden || !cell.isConnected)) go(first, 0);
  }
  table.addEventListener("focusin", (event) => { if (event.target.matches("td")) { go(event.target, place); say(); } });
  table.addEventListener("focusout", () => { if (cell) delete cell.dataset.on; hush(); });
  table.addEventListener("keydown", (event) => {
    if (!event.target.matches("td")) return;
    const rows = [...table.querySelectorAll("tbody:not([hidden]) tr")], row = rows.indexOf(cell.parentNode), column = cell.cellIndex;
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

  form.hidden = stepping.hidden = false;
  if (!reveal()) {
    apply();
    if (location.hash.includes("=")) document.getElementById(state.from ? "step" : "grid").scrollIntoView();
  }
})();
