// The page of a sample: buttons that copy, and two results of which one is wiped over the other.  Without this script
// neither is there, and the texts and the pictures are.
"use strict";
(() => {
  const element = (name, fields, ...inner) => {
    const made = Object.assign(document.createElement(name), fields);
    made.append(...inner);
    return made;
  };

  async function copy(source) {
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      return true;
    } catch {  // not allowed, or no such thing: select it, and let the browser copy what is selected
      if (source.select) source.select(); else getSelection().selectAllChildren(source);
      return document.execCommand("copy");
    }
  }
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      button.textContent = (await copy(document.getElementById(button.dataset.copy))) ? "Copied" : "Selected: press Ctrl+C";
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }

  // the maps of a card, without those of its difference
  const mapsOf = (card) => [...(card.querySelector(".panes")?.querySelectorAll("img.map") ?? [])];
  const nameOf = (card) => (card.querySelector("h3 .letter") ? `result ${card.querySelector("h3 .letter").textContent}` : card.querySelector("h3").firstChild.textContent.trim());
  function wipe(cards) {
    const choices = ["left", "right"].map((side, place) => {
      const select = element("select", {}, ...cards.map((card, value) => element("option", { value, textContent: nameOf(card) })));
      const beyond = cards.findIndex((card) => card.querySelector(".isbeyond"));
      select.value = place ? (beyond > 0 ? beyond : 1) : 0;
      return [element("label", {}, `${side} `, select), select];
    });
    const range = element("input", { type: "range", min: 0, max: 100, value: 50 });
    const stage = element("div", { className: "stage" }), [left, right] = choices.map(([, select]) => select);
    const cut = () => {
      for (const over of stage.querySelectorAll("img.over")) over.style.clipPath = `inset(0 0 0 ${range.value}%)`;
      range.setAttribute("aria-valuetext", `${range.value} % of ${nameOf(cards[left.value])}, the rest of ${nameOf(cards[right.value])}`);
    };
    const draw = () => {
      const unders = mapsOf(cards[left.value]), overs = mapsOf(cards[right.value]);
      stage.replaceChildren(...unders.slice(0, overs.length).map((under, place) => {
        const [below, above] = [under, overs[place]].map((one) => one.cloneNode());
        above.className = "map over";
        const pair = element("div", { className: "pair" }, below, above), zoom = Math.max(1, Math.floor(300 / under.width));
        pair.style.width = `${under.width * zoom}px`;
        pair.style.aspectRatio = `${under.width} / ${under.height}`;
        return element("div", {}, pair, element("span", { className: "note", textContent: under.parentNode.querySelector(".note")?.textContent ?? "" }));
      }));
      cut();
    };
    range.addEventListener("input", cut);
    for (const select of [left, right]) select.addEventListener("change", draw);
    draw();
    return element("fieldset", { className: "wipe" }, element("legend", { textContent: "Two results, one wiped over the other" }),
      element("p", {}, choices[0][0], element("label", {}, "wipe ", range), choices[1][0]), stage);
  }
  for (const results of document.querySelectorAll(".cards.results")) {
    const cards = [...results.children].filter((card) => mapsOf(card).length);
    if (cards.length > 1) results.after(element("details", { className: "how" }, element("summary", { textContent: "Compare two results" }), wipe(cards)));
  }
})();
