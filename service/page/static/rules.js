// Buttons pin, boost and block at tiles that scripts put into the grid; the page brings its own for the first ones.

const grid = document.getElementById("hits");
const buttons = document.getElementById("moves");
const words = { pin: "Pin", boost: "Boost", block: "Block" };
const moved = new Map([...document.querySelectorAll("#rules .in_force[data-moves]")].map((one) => [one.dataset.moves, one.dataset.word]));

/** Give a tile its buttons, with the product that it shows now. */
function equip(tile) {
  let row = tile.querySelector(".moves");
  if (!row) {
    row = buttons.content.firstElementChild.cloneNode(true);
    row.querySelector(".moved").textContent = moved.get(tile.dataset.id) ?? "";
    tile.append(row);
  }
  const name = tile.querySelector(".name").textContent;
  for (const button of row.querySelectorAll("button")) {
    button.value = tile.dataset.id;
    button.setAttribute("aria-label", `${words[button.name]} ${name}`);
  }
}

// Back to the page as its controls stand now.
document.addEventListener("submit", (event) => {
  const back = event.target.elements.namedItem("back");
  if (back) back.value = location.pathname + location.search;
});

if (grid && buttons) {
  const all = () => [...grid.children].forEach(equip);
  new MutationObserver(all).observe(grid, { childList: true });
  all();
}
