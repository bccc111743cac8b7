// The page of a sample: buttons that copy.  Without this script they are not there, and the texts are.
"use strict";
(() => {
  const textOf = (source) => source.value ?? source.textContent;
  async function copy(source) {
    try {
      await navigator.clipboard.writeText(textOf(source));
      return true;
    } catch {  // not allowed, or no such thing: select it, and let the browser copy what is selected
      if (source.select) source.select(); else getSelection().selectAllChildren(source);
      return document.execCommand("copy");
    }
  }
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.textContent;
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      button.textContent = (await copy(document.getElementById(button.dataset.copy))) ? "Copied" : "Selected: press Ctrl+C";
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }
})();
