// Browse without turning pages: the next one is put below when its link comes near, or is pressed.

const grid = document.getElementById("products");
const status = document.getElementById("status");
const NEAR = "900px";
let running = false;

const next = () => document.querySelector('#pages a[rel="next"]');

async function append() {
  const link = next();
  if (!link || running) return;
  running = true;
  grid.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(link.href, { headers: { accept: "text/html" } });
    if (!response.ok) throw new Error(String(response.status));
    const text = new DOMParser().parseFromString(await response.text(), "text/html");
    const tiles = [...(text.getElementById("products")?.children ?? [])].map((tile) => document.adoptNode(tile));
    grid.append(...tiles);
    const pages = document.adoptNode(text.getElementById("pages"));
    pages.querySelector('[rel="prev"]')?.replaceWith(document.createElement("span"));
    document.getElementById("pages").replaceWith(pages);
    status.textContent = `${grid.children.length} products shown`;
    watch();
    return tiles[0];
  } catch {
    watcher.disconnect(); // the link still leads to the next page
  } finally {
    running = false;
    grid.setAttribute("aria-busy", "false");
  }
}

const watcher = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && append(), {
  rootMargin: NEAR,
});

function watch() {
  watcher.disconnect();
  const link = next();
  if (link) watcher.observe(link);
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest('#pages a[rel="next"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const first = await append();
  first?.querySelector("a").focus();
});

if (grid) watch();
