// A product's page: its photos one after the other, and its look-alikes as the sliders say.

import { controls } from "./hits.js";
import { explain } from "./why.js";

const large = document.getElementById("large");
const strip = [...document.querySelectorAll(".strip a")];
for (const link of strip) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    large.src = link.dataset.large;
    for (const other of strip) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  });
}

const grid = document.getElementById("hits");
if (grid) {
  const product = new URLSearchParams(grid.dataset.basket).get("like");
  const route = `/v1/products/${encodeURIComponent(product)}/similar`;
  controls((query, signal) => fetch(`${route}?${query}`, { signal }));
  explain(grid);
}
