// The phrase book: find a name. What is looked for is in the address. Without this script every name is shown.
"use strict";
(() => {
  const form = document.querySelector(".filter"), box = form.querySelector("input"), out = form.querySelector("output");
  const modules = [...document.querySelectorAll(".module")].map((module) => ({ module, lines: [...module.querySelectorAll("li")] }));
  const read = () => new URLSearchParams(location.hash.slice(1)).get("q") ?? "";
  function show() {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { module, lines } of modules) {
      let shown = 0;
      for (const line of lines) {
        line.hidden = !words.every((word) => line.textContent.toLowerCase().includes(word));
        shown += !line.hidden;
      }
      module.hidden = !shown;
      count += shown;
    }
    out.textContent = words.length ? `${count} names` : "";
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  box.addEventListener("input", () => {
    history.replaceState(null, "", `#${box.value ? new URLSearchParams({ q: box.value }) : ""}`);
    show();
  });
  addEventListener("hashchange", () => { box.value = read(); show(); });
  box.value = read();
  show();
})();
