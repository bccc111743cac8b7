// The theme leaves its search without a name, and gives two lists of links the same one.
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
document.querySelectorAll("nav.md-nav[aria-labelledby]").forEach(nav => {
  const label = document.getElementById(nav.getAttribute("aria-labelledby"));
  if (!label) return;
  nav.setAttribute("aria-label", `Pages: ${label.textContent.trim()}`);
  nav.removeAttribute("aria-labelledby");
});
// A table that is wider than the page is scrolled by keys as well.
addEventListener("load", () => document.querySelectorAll(".md-typeset__scrollwrap").forEach(wrap => {
  if (wrap.scrollWidth <= wrap.clientWidth) return;
  wrap.tabIndex = 0;
  wrap.setAttribute("role", "group");
  wrap.setAttribute("aria-label", "Table");
}));
