// Search by a photo: chosen, dropped, pasted, or brought along from another page.

import { controls } from "./hits.js";
import { carried, small } from "./photo.js";

const input = document.getElementById("photo");
const preview = document.getElementById("preview");
const asked = document.getElementById("asked");
const results = document.getElementById("results");
const problem = document.getElementById("problem");
let photo = null;

const now = controls((query, signal) => {
  const body = new FormData();
  body.append("photo", photo, "photo");
  return fetch(`/v1/similar?${query}`, { method: "POST", body, signal });
});

async function search(file) {
  photo = await small(file);
  URL.revokeObjectURL(asked.src);
  asked.src = URL.createObjectURL(photo);
  preview.hidden = false;
  problem.hidden = true;
  results.hidden = true;
  await now();
  results.hidden = !problem.hidden;
}

input.addEventListener("change", () => input.files[0] && search(input.files[0]));
document.addEventListener("photo", (event) => {
  event.preventDefault();
  search(event.detail);
});
document.getElementById("drop").addEventListener("submit", (event) => event.preventDefault());

const brought = carried();
if (brought) search(brought);
