// The map: one canvas, a view (scale and shift), and photos cut out of one board.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const atlas = document.getElementById("atlas");
const canvas = document.getElementById("map");
const pen = canvas.getContext("2d");
const card = document.getElementById("card");
const always = document.getElementById("always");
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c510a", "#6a3d9a", "#b2182b", "#4d9221", "#f0b6d5", "#35978f"];
const OTHER = "#9ca3af";
const DOT = 4, LEAST_PHOTO = 18, LARGEST_PHOTO = 112, MARGIN = 0.06, CLOSEST = 60, PHOTOS_FROM = 1.4;
const view = { scale: 1, x: 0, y: 0 };
let width = 0, height = 0, whole = 1, chosen = null, hovered = -1, waiting = false;

const colour = (photo) => COLOURS[photo[2]] ?? OTHER;
const across = (photo) => photo[0] * view.scale + view.x;
const down = (photo) => photo[1] * view.scale + view.y;

/** How large a photo is drawn now; 0: as a dot. */
function size() {
  const room = 0.75 * view.scale / Math.sqrt(data.photos.length);
  if (!always.checked && (view.scale < PHOTOS_FROM * whole || room < LEAST_PHOTO)) return 0;
  return Math.min(LARGEST_PHOTO, Math.max(LEAST_PHOTO, room));
}

function draw() {
  waiting = false;
  const density = window.devicePixelRatio || 1;
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.clearRect(0, 0, width, height);
  const side = size();
  const order = data.photos.keys();
  for (const place of order) if (place !== hovered) one(place, side);
  if (hovered >= 0) one(hovered, side ? side * 1.25 : 0);
}

function one(place, side) {
  const photo = data.photos[place];
  const x = across(photo), y = down(photo), reach = Math.max(side / 2, DOT + 2);
  if (x < -reach || y < -reach || x > width + reach || y > height + reach) return;
  pen.globalAlpha = chosen === null || photo[2] === chosen ? 1 : 0.12;
  pen.fillStyle = colour(photo);
  if (side) {
    const edge = Math.max(1.5, side / 24);
    pen.fillRect(x - side / 2 - edge, y - side / 2 - edge, side + 2 * edge, side + 2 * edge);
    cut(pen, place, x - side / 2, y - side / 2, side);
  } else {
    pen.beginPath();
    pen.arc(x, y, place === hovered ? DOT * 1.8 : DOT, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.globalAlpha = 1;
}

/** Copy a photo from the board. */
function cut(to, place, x, y, side) {
  const column = place % data.across, row = Math.floor(place / data.across);
  to.drawImage(atlas, column * data.side, row * data.side, data.side, data.side, x, y, side, side);
}

function soon() {
  if (!waiting) requestAnimationFrame(draw);
  waiting = true;
}

function fit() {
  const box = canvas.getBoundingClientRect(), density = window.devicePixelRatio || 1;
  width = box.width;
  height = box.height;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  whole = Math.min(width, height) * (1 - 2 * MARGIN);
}

function all() {
  view.scale = whole;
  view.x = (width - whole) / 2;
  view.y = (height - whole) / 2;
  soon();
}

function zoom(factor, x = width / 2, y = height / 2) {
  const scale = Math.min(CLOSEST * whole, Math.max(0.5 * whole, view.scale * factor));
  view.x = x - (x - view.x) * scale / view.scale;
  view.y = y - (y - view.y) * scale / view.scale;
  view.scale = scale;
  soon();
}

function nearest(x, y) {
  const reach = Math.max(size() / 2, DOT + 4);
  let best = -1, least = reach * reach;
  data.photos.forEach((photo, place) => {
    const away = (across(photo) - x) ** 2 + (down(photo) - y) ** 2;
    if (away <= least) [best, least] = [place, away];
  });
  return best;
}

function show(place) {
  hovered = place;
  card.hidden = place < 0;
  if (place >= 0) {
    const [, , , id, title, category] = data.photos[place];
    const small = card.querySelector("canvas").getContext("2d");
    small.clearRect(0, 0, 128, 128);
    cut(small, place, 0, 0, 128);
    card.querySelector("b").textContent = title || id;
    const lines = card.querySelectorAll("span");
    lines[0].textContent = category;
    lines[1].textContent = title ? id : "";
    const x = across(data.photos[place]), y = down(data.photos[place]);
    card.style.left = `${x + 20 + card.offsetWidth > width ? Math.max(0, x - 20 - card.offsetWidth) : x + 20}px`;
    card.style.top = `${Math.max(4, Math.min(y - 20, height - card.offsetHeight - 8))}px`;
  }
  soon();
}

const pointers = new Map();
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
  canvas.classList.add("moving");
});
canvas.addEventListener("pointermove", (event) => {
  const from = pointers.get(event.pointerId), to = [event.offsetX, event.offsetY];
  if (!from) return show(nearest(...to));
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const before = Math.hypot(from[0] - other[0], from[1] - other[1]);
    zoom(Math.hypot(to[0] - other[0], to[1] - other[1]) / Math.max(before, 1), ...other);
  } else {
    view.x += to[0] - from[0];
    view.y += to[1] - from[1];
  }
  pointers.set(event.pointerId, to);
  show(-1);
});
for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, (event) => {
    pointers.delete(event.pointerId);
    canvas.classList.toggle("moving", pointers.size > 0);
    show(nearest(event.offsetX, event.offsetY));
  });
}
canvas.addEventListener("pointerleave", () => show(-1));
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.offsetX, event.offsetY);
  show(-1);
}, { passive: false });
canvas.addEventListener("dblclick", (event) => zoom(2, event.offsetX, event.offsetY));
canvas.addEventListener("keydown", (event) => {
  const step = 60;
  const keys = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
  if (keys[event.key]) {
    view.x += keys[event.key][0];
    view.y += keys[event.key][1];
    soon();
  } else if (event.key === "+" || event.key === "=") zoom(1.4);
  else if (event.key === "-") zoom(1 / 1.4);
  else if (event.key === "0") all();
  else return;
  event.preventDefault();
});
document.getElementById("closer").addEventListener("click", () => zoom(1.5));
document.getElementById("farther").addEventListener("click", () => zoom(1 / 1.5));
document.getElementById("all").addEventListener("click", all);
always.addEventListener("change", soon);

const counts = new Map();
for (const photo of data.photos) counts.set(photo[2], (counts.get(photo[2]) ?? 0) + 1);
const list = document.getElementById("classes");
[...data.classes, counts.get(-1) ? "all others" : null].forEach((name, place) => {
  if (name === null) return;
  const number = place < data.classes.length ? place : -1;
  const line = document.createElement("li"), button = document.createElement("button");
  const spot = document.createElement("i"), count = document.createElement("small");
  spot.style.background = COLOURS[number] ?? OTHER;
  count.textContent = counts.get(number) ?? 0;
  button.append(spot, name, count);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    chosen = chosen === number ? null : number;
    for (const other of list.querySelectorAll("button")) other.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(chosen === number));
    soon();
  });
  line.append(button);
  list.append(line);
});

window.addEventListener("resize", () => {
  const [x, y, scale] = [view.x - width / 2, view.y - height / 2, whole];
  fit();
  const factor = whole / scale;
  view.scale *= factor;
  view.x = width / 2 + x * factor;
  view.y = height / 2 + y * factor;
  soon();
});
fit();
all();
atlas.decode().then(soon, soon);
