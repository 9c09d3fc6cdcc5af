// Why a product is a hit: the page that says so, opened over the hits; and heat maps that may be missing.

/** A heat map that the shop's embedder cannot draw leaves no gap. */
function hideMissing(root) {
  for (const figure of root.querySelectorAll("[data-heat]")) {
    const hide = () => (figure.hidden = true);
    for (const img of figure.querySelectorAll("img")) {
      if (img.complete && !img.naturalWidth) hide();
      img.addEventListener("error", hide);
    }
  }
}

function opened(link) {
  const dialog = document.createElement("dialog");
  dialog.className = "over";
  const close = document.createElement("button");
  close.className = "quiet close";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  const holder = document.createElement("div");
  dialog.append(close, holder);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    link.focus();
  });
  document.body.append(dialog);
  return { dialog, holder };
}

/** Open the links of a grid that explain a hit in a dialog; with a modifier key they open as any link does. */
export function explain(grid) {
  grid.addEventListener("click", async (event) => {
    const link = event.target.closest('a[data-step="why"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    try {
      const response = await fetch(link.href, { headers: { accept: "text/html" } });
      if (!response.ok) throw new Error(String(response.status));
      const text = new DOMParser().parseFromString(await response.text(), "text/html");
      const found = text.getElementById("explained");
      const { dialog, holder } = opened(link);
      holder.append(document.adoptNode(found));
      dialog.setAttribute("aria-label", link.getAttribute("aria-label"));
      hideMissing(holder);
      dialog.showModal();
    } catch {
      location.assign(link.href);
    }
  });
}

hideMissing(document);
