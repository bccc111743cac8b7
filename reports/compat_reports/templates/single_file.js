// One file: the overview is in it as it is, the other pages are unpacked when they are asked for.
// The page that is shown is in the address: #/samples/conv2d.same.html
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const pictures = read("one-pictures"), packedPages = read("one-pages"), contents = document.querySelector("p.contents");
  const overview = { title: document.title, className: document.body.className, nodes: [...document.body.childNodes] };
  let here = "index.html", pages = null, code = {}, wanted = 0, top = 0;

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }
  // a page's own script keeps its view behind the page's name: #/phrasebook.html#q=conv2d
  const ofOverview = [location, history, addEventListener.bind(window)];
  const ofPage = (name) => [
    { get hash() { return /^#\/[^#]*(#.*)?$/.exec(location.hash)?.[1] ?? ""; } },
    { replaceState: (state, title, hash) => history.replaceState(state, title, `#/${name}${hash}`) },
    (type, ...rest) => { if (type !== "hashchange") addEventListener(type, ...rest); },
  ];
  function run(names, given) {
    window.oneFile = given;
    for (const name of names) {
      const script = document.createElement("script");
      script.textContent = `((location, history, addEventListener) => {\n${code[name] ?? ""}\n})(...window.oneFile);`;
      document.body.append(script);
    }
  }
  async function open() {
    const [data, found, scripts] = await unpack(read("one-overview"));
    code = found;
    for (const [id, text] of Object.entries(data)) document.getElementById(id).textContent = text;
    run(scripts, ofOverview);
    overview.nodes = [...document.body.childNodes];
    await show();
  }

  // the page of an address as it stands in a page: what is not of the report is somebody else's
  function pageOf(address) {
    const base = new URL(here, "http://report/"), found = new URL(address, base);
    return found.origin === base.origin ? { name: decodeURIComponent(found.pathname.slice(1)), search: found.search, hash: found.hash } : null;
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const address = link.getAttribute("href"), page = pageOf(address);
    if (!page) return;
    if (address.startsWith("#")) {
      if (here === "index.html") return;
      event.preventDefault();
      document.getElementById(address.slice(1))?.scrollIntoView();
    } else if (page.name === "index.html" || !page.name) {
      event.preventDefault();
      if (page.search && page.search !== location.search) location.assign(page.search + page.hash);
      else location.hash = page.hash || "#/";
    } else {
      event.preventDefault();
      location.hash = `#/${page.name}${page.hash}`;
    }
  });

  async function show() {
    const mine = ++wanted, [, name, , place] = /^#\/([^#]*)(#(.*))?$/.exec(decodeURIComponent(location.hash)) ?? [];
    if (!name) {
      if (here === "index.html") return;
      here = "index.html";
      document.title = overview.title;
      document.body.className = overview.className;
      document.body.replaceChildren(...overview.nodes);
      scrollTo(0, top);
      return;
    }
    pages ??= await unpack(packedPages);
    if (mine !== wanted) return;
    if (here === "index.html") top = scrollY;
    here = name;
    const pieces = pages[1][name];
    if (pieces) draw(pieces.map((place) => pages[0][place]).join(""));
    else missing(name);
    const target = place && document.getElementById(place);
    if (target) target.scrollIntoView();
    else scrollTo(0, 0);
    const main = document.querySelector("main");
    main.tabIndex = -1;
    main.focus({ preventScroll: true });
  }
  function draw(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const image of page.querySelectorAll("img[src]")) {
      const source = image.getAttribute("src"), name = source.startsWith("data:") ? null : pageOf(source)?.name;
      if (pictures[name]) image.src = pictures[name];
      else if (name !== null) {
        const note = page.createElement("span");
        note.className = "left-out";
        note.textContent = `picture left out: ${image.alt}`;
        note.style.width = `${image.getAttribute("width") ?? 120}px`;
        image.replaceWith(note);
      }
    }
    const scripts = [...page.querySelectorAll("script[src]")].map((script) => script.getAttribute("src"));
    page.querySelectorAll("script[src]").forEach((script) => script.remove());
    document.title = page.title;
    document.body.className = page.body.className;
    document.body.replaceChildren(...page.body.childNodes, contents.cloneNode(true));
    run(scripts.map((source) => pageOf(source)?.name), ofPage(here));
  }
  function missing(name) {
    const main = document.createElement("main"), title = document.createElement("h1"), back = document.createElement("a");
    title.textContent = `${name.split("/").pop().replace(/\.html$/, "")} is not in this file`;
    back.textContent = "The overview";
    back.href = "index.html";
    main.id = "main";
    main.append(title, contents.cloneNode(true), back);
    document.title = title.textContent;
    document.body.replaceChildren(main);
  }
  addEventListener("hashchange", show);
  open();
})();
