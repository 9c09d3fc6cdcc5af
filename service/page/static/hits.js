// The controls of a search by looks and the grid of its hits: whatever moves asks again, and tiles glide to their place.

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const WAIT_MS = 90;
const MOST_EXPLAINED = 8;

/** Whether an aspect is weighed otherwise than by default; what is a look-alike is then not known. */
function weighed(form) {
  return [...form.querySelectorAll("[data-aspect]")].some((s) => s.value !== s.dataset.default);
}

/** What the controls say, as parameters of the API. */
export function parameters(form, k) {
  const query = new URLSearchParams({ k });
  if (weighed(form)) {
    for (const s of form.querySelectorAll("[data-aspect]")) query.append("aspect", `${s.dataset.aspect}=${s.value / 100}`);
  } else if (alike()?.checked) {
    query.set("min_score", "auto");
  }
  const diversity = form.elements.diversity.value;
  if (diversity !== "0") query.set("diversity", diversity / 100);
  const where = form.elements.where?.value.trim();
  const filters = [...(form.elements.stock.checked ? ["in_stock"] : []), ...(where ? [`(${where})`] : [])];
  if (filters.length) query.set("where", filters.join(" and "));
  return query;
}

/** The box that asks for look-alikes only; a shop that is not calibrated has none. */
const alike = () => document.getElementById("alike");

/** What the controls say, as parameters of a page. */
function moved(form) {
  const query = new URLSearchParams();
  for (const range of form.querySelectorAll("input[type=range]")) {
    if (range.value !== range.dataset.default) query.set(range.name, range.value);
  }
  if (form.elements.stock.checked) query.set("stock", "1");
  const box = alike();
  if (box && box.checked !== (box.dataset.default === "1")) query.set("alike", box.checked ? "1" : "0");
  const where = form.elements.where?.value.trim();
  if (where) query.set("where", where);
  return query.toString();
}

/** What the controls say, as the page's own address, so that it can be shared. */
function address(form) {
  const basket = document.getElementById("hits").dataset.basket;
  const own = location.pathname === "/search" ? basket : "";
  const text = [own, moved(form)].filter(Boolean).join("&");
  return location.pathname + (text ? `?${text}` : "");
}

/** Let a tile's links lead to searches as the controls stand now. */
function steer(tile, form, basket) {
  const id = encodeURIComponent(tile.dataset.id);
  const rest = moved(form);
  const name = tile.querySelector(".name").textContent;
  const words = { like: "More like", unlike: "Less like", why: "Why" };
  for (const link of tile.querySelectorAll("a[data-step]")) {
    const step = link.dataset.step;
    const asked = new URLSearchParams(basket).getAll("like").slice(0, MOST_EXPLAINED);
    const query = step === "why" ? [...asked.map((one) => `product=${encodeURIComponent(one)}`), `other=${id}`] : [basket, `${step}=${id}`];
    link.href = `${step === "why" ? "/why" : "/search"}?${[...query, rest].filter(Boolean).join("&")}`;
    link.setAttribute("aria-label", `${words[step]} ${name}`);
  }
}

/** Listen to the controls. `ask(query, signal)` answers a Response of the API. Returns how to ask at once. */
export function controls(ask) {
  const form = document.getElementById("looks");
  const grid = document.getElementById("hits");
  const problem = document.getElementById("problem");
  const why = document.getElementById("show-why");
  let waiting = 0;
  let running = null;

  async function now() {
    clearTimeout(waiting);
    running?.abort();
    const mine = (running = new AbortController());
    grid.setAttribute("aria-busy", "true");
    try {
      const response = await ask(parameters(form, grid.dataset.k), mine.signal);
      const answer = await response.json();
      if (running !== mine) return;
      if (!response.ok) throw new Error(answer.error?.message ?? `the service answered ${response.status}`);
      problem.hidden = true;
      show(grid, answer.hits, answer.warnings);
      for (const one of grid.children) steer(one, form, grid.dataset.basket);
    } catch (error) {
      if (error.name === "AbortError" || running !== mine) return;
      problem.textContent = error.message;
      problem.hidden = false;
    } finally {
      if (running === mine) grid.setAttribute("aria-busy", "false");
    }
  }

  function changed() {
    for (const range of form.querySelectorAll("input[type=range]")) {
      range.parentElement.querySelector("output").value = range.value;
    }
    if (alike()) alike().disabled = weighed(form);
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      history.replaceState(null, "", address(form));
      now();
    }, WAIT_MS);
  }

  form.addEventListener("input", (event) => event.target !== why && changed());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const range of form.querySelectorAll("input[type=range]")) range.value = range.dataset.default;
    form.elements.stock.checked = false;
    if (alike()) alike().checked = alike().dataset.default === "1";
    if (form.elements.where) form.elements.where.value = "";
    changed();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    now();
  });
  why.addEventListener("change", () => grid.classList.toggle("show-why", why.checked));
  return now;
}

/** Put hits into the grid; tiles that stay glide from where they were. */
export function show(grid, hits, warnings = []) {
  const old = new Map([...grid.children].map((tile) => [tile.dataset.id, tile]));
  const before = new Map([...old].map(([id, tile]) => [id, tile.getBoundingClientRect()]));
  const tiles = hits.map((hit) => tile(hit, old.get(hit.product_id)));
  grid.replaceChildren(...tiles);
  const nothing = document.getElementById("nothing");
  nothing.textContent = warnings.map((text) => `${text[0].toUpperCase()}${text.slice(1)}.`).join(" ") || "Nothing fits.";
  (document.getElementById("none") ?? nothing).hidden = hits.length > 0;
  const first = hits.length ? `, first: ${hits[0].title ?? hits[0].product_id}` : "";
  document.getElementById("status").textContent = hits.length ? `${hits.length} products${first}` : nothing.textContent;
  if (calm.matches) return;
  for (const one of tiles) {
    const from = before.get(one.dataset.id);
    const to = one.getBoundingClientRect();
    const easing = "cubic-bezier(.2,.7,.2,1)";
    if (!from) {
      one.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 260, easing });
    } else if (from.left !== to.left || from.top !== to.top) {
      const move = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
      one.animate([{ transform: move }, { transform: "none" }], { duration: 380, easing });
    }
  }
}

/** A tile for a hit: the one it had before, or a new one; everything is set as text, never as HTML. */
function tile(hit, known) {
  const fresh = known ?? document.getElementById("hit").content.firstElementChild.cloneNode(true);
  const find = (selector) => fresh.querySelector(selector);
  const name = hit.title ?? hit.product_id;
  fresh.dataset.id = hit.product_id;
  if (!known) {
    find("a").href = `/products/${encodeURIComponent(hit.product_id)}`;
    find(".name").textContent = name;
    const facts = find(".facts");
    facts.querySelector(".category").textContent = hit.category ?? "";
    facts.querySelector(".price").textContent = hit.price == null ? "" : price(hit.price);
    const out = hit.in_stock === false;
    fresh.classList.toggle("gone", out);
    find(".flag").hidden = !out;
  }
  picture(find("img"), find(".nophoto"), hit, name);
  find(".score").textContent = hit.score.toFixed(2);
  find(".why").replaceChildren(...Object.entries(hit.aspects ?? {}).map(([aspect, value]) => bar(aspect, value)));
  return fresh;
}

function picture(img, none, hit, name) {
  if (!img) return;
  img.hidden = !hit.photo_id;
  if (none) none.hidden = Boolean(hit.photo_id);
  const address = `/v1/photos/${hit.photo_id}?size=`;
  if (!hit.photo_id || img.getAttribute("src") === `${address}320`) return;
  img.src = `${address}320`;
  img.srcset = `${address}320 1x, ${address}640 2x`;
  img.alt = name;
}

function bar(name, value) {
  const fresh = document.getElementById("bar").content.firstElementChild.cloneNode(true);
  fresh.classList.add(...name.split(/\s+/).filter(Boolean));
  fresh.querySelector(".label").textContent = name;
  fresh.querySelector(".number").textContent = value.toFixed(2);
  fresh.querySelector(".fill").setAttribute("width", Math.max(0, value * 100).toFixed(1));
  return fresh;
}

function price(value) {
  const exact = value === 0 || Math.abs(value) >= 1;
  const digits = exact ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : { maximumSignificantDigits: 4 };
  return value.toLocaleString("en", digits);
}
