// A search by several products that shall, and shall not, be resembled.

import { controls } from "./hits.js";
import { explain } from "./why.js";

const grid = document.getElementById("hits");
const basket = new URLSearchParams(grid.dataset.basket);
const looks = (name) => basket.getAll(name).map((product_id) => ({ product_id }));

/** The query of the controls as the body of a search. */
function body(query) {
  const asked = { examples: looks("like"), negatives: looks("unlike"), k: Number(query.get("k")) };
  const aspects = Object.fromEntries(
    query.getAll("aspect").map((text) => {
      const at = text.lastIndexOf("=");
      return [text.slice(0, at), Number(text.slice(at + 1))];
    }),
  );
  if (Object.keys(aspects).length) asked.aspects = aspects;
  for (const name of ["where", "min_score"]) if (query.has(name)) asked[name] = query.get(name);
  if (query.has("diversity")) asked.diversity = Number(query.get("diversity"));
  return JSON.stringify(asked);
}

const headers = { "content-type": "application/json" };
controls((query, signal) => fetch("/v1/search", { method: "POST", headers, body: body(query), signal }));
explain(grid);
