// A box on a photo: the part of it that shall be searched by. Moved by pointer or by keys.

const LEAST = 0.08;
const STEP = 0.02;
const LARGE_STEP = 0.1;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const within = (value, low, high) => Math.min(Math.max(value, low), high);

/** The crop box of a page. `area()` tells it as [left, top, right, bottom] in shares of the photo. */
export function cropper(holder, box, status) {
  let [left, top, right, bottom] = [0, 0, 1, 1];

  function draw() {
    const percent = (share) => `${(share * 100).toFixed(2)}%`;
    box.style.left = percent(left);
    box.style.top = percent(top);
    box.style.width = percent(right - left);
    box.style.height = percent(bottom - top);
  }

  function told() {
    const whole = left === 0 && top === 0 && right === 1 && bottom === 1;
    const share = Math.round((right - left) * (bottom - top) * 100);
    status.textContent = whole ? "The whole photo" : `${share} percent of the photo`;
  }

  function move(dx, dy) {
    const x = within(dx, -left, 1 - right);
    const y = within(dy, -top, 1 - bottom);
    [left, right, top, bottom] = [left + x, right + x, top + y, bottom + y];
    draw();
  }

  function stretch(corner, dx, dy) {
    if (corner.includes("left")) left = within(left + dx, 0, right - LEAST);
    else right = within(right + dx, left + LEAST, 1);
    if (corner.includes("top")) top = within(top + dy, 0, bottom - LEAST);
    else bottom = within(bottom + dy, top + LEAST, 1);
    draw();
  }

  const apply = (target, dx, dy) => {
    const corner = target.dataset?.corner;
    if (corner) stretch(corner, dx, dy);
    else move(dx, dy);
  };

  box.addEventListener("keydown", (event) => {
    const way = KEYS[event.key];
    if (!way) return;
    event.preventDefault();
    const step = event.shiftKey ? LARGE_STEP : STEP;
    apply(event.target, way[0] * step, way[1] * step);
    told();
  });

  holder.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".corner, .box");
    if (!grip || event.button) return;
    event.preventDefault();
    grip.focus();
    grip.setPointerCapture(event.pointerId);
    let [x, y] = [event.clientX, event.clientY];
    const drag = (moved) => {
      apply(grip, (moved.clientX - x) / holder.clientWidth, (moved.clientY - y) / holder.clientHeight);
      [x, y] = [moved.clientX, moved.clientY];
    };
    const done = () => {
      grip.removeEventListener("pointermove", drag);
      told();
    };
    grip.addEventListener("pointermove", drag);
    grip.addEventListener("pointerup", done, { once: true });
    grip.addEventListener("pointercancel", done, { once: true });
  });

  return {
    area: () => [left, top, right, bottom],
    whole() {
      [left, top, right, bottom] = [0, 0, 1, 1];
      draw();
      told();
    },
  };
}
