// On every page: a photo dropped or pasted anywhere is searched for, and photos nearly of a tile's form fill it.

import { carry, imageOf } from "./photo.js";

const veil = document.getElementById("veil");
const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** On the search page the search itself listens; elsewhere the photo is taken there. */
async function take(file) {
  const taken = !document.dispatchEvent(new CustomEvent("photo", { detail: file, cancelable: true }));
  if (taken) return;
  await carry(file);
  location.assign("/search");
}

document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  veil.hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) veil.hidden = true;
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  veil.hidden = true;
  const file = imageOf(event.dataTransfer);
  if (file) take(file);
});
document.addEventListener("paste", (event) => {
  const file = imageOf(event.clipboardData);
  if (file) take(file);
});

const MOST_CUT = 0.14;

/** Fill the tile where that cuts off little; else show the whole photo. */
function fit(img) {
  const frame = img.closest(".frame");
  if (!frame || !img.naturalWidth) return;
  const ratio = (img.naturalWidth / img.naturalHeight) * (frame.clientHeight / frame.clientWidth);
  img.classList.toggle("fills", 1 - Math.min(ratio, 1 / ratio) < MOST_CUT);
}

document.addEventListener("load", (event) => event.target instanceof HTMLImageElement && fit(event.target), true);
for (const img of document.images) if (img.complete) fit(img);
