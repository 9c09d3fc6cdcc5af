// Search by a photo: chosen, taken, dropped, pasted, or brought along from another page; then a part of it, or all.

import { cropper } from "./crop.js";
import { controls } from "./hits.js";
import { carried, small } from "./photo.js";

const byId = (id) => document.getElementById(id);
const asked = byId("asked");
const problem = byId("problem");
const results = byId("results");
const crop = cropper(byId("crop"), byId("box"), byId("crop-status"));
let photo = null;
let sent = null;

const now = controls((query, signal) => {
  const body = new FormData();
  body.append("photo", sent, "photo");
  return fetch(`/v1/similar?${query}`, { method: "POST", body, signal });
});

/** Show a photo with the box around all of it. */
async function take(file) {
  photo = file;
  URL.revokeObjectURL(asked.src);
  asked.src = URL.createObjectURL(photo);
  crop.whole();
  problem.hidden = true;
  results.hidden = true;
  byId("preview").hidden = false;
  byId("drop").classList.add("given");
  byId("photo").required = false;
  const read = await asked.decode().then(() => true, () => false);
  byId("crop").hidden = !read;
  if (read) byId("go").focus();
  else await search(); // what the browser cannot show, the service refuses in words
}

async function search() {
  sent = await small(photo, crop.area());
  await now();
  results.hidden = !problem.hidden;
  if (!results.hidden) results.scrollIntoView({ block: "nearest" });
}

for (const input of [byId("photo"), byId("camera")]) {
  input.addEventListener("change", () => input.files[0] && take(input.files[0]));
}
document.addEventListener("photo", (event) => {
  event.preventDefault();
  take(event.detail);
});
byId("drop").addEventListener("submit", (event) => {
  event.preventDefault();
  if (photo) search();
});
byId("whole").addEventListener("click", crop.whole);
byId("nearest")?.addEventListener("click", () => {
  byId("alike").checked = false;
  byId("alike").dispatchEvent(new Event("input", { bubbles: true }));
});
// A camera is offered where there is likely one: on what is touched.
byId("camera-choice").hidden = !matchMedia("(any-pointer: coarse)").matches;
if (byId("nearest")) byId("nearest").hidden = false;

const brought = carried();
if (brought) take(brought);
