// A photo of one's own: made small enough to send, and carried from one page to the next.

const KEY = "vitrine-photo";
const LARGEST_SIDE = 1280;
const LARGEST_BYTES = 1_500_000;

/** The first image file of a drop or a paste, if there is one. */
export function imageOf(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/")) ?? null;
}

const WHOLE = [0, 0, 1, 1];

/**
 * The file itself, or a JPEG of a part of it, or a smaller one of a large file. `area`: left, top, right and bottom
 * in shares of the photo. What the browser cannot read is left for the service to refuse.
 */
export async function small(file, area = WHOLE) {
  const whole = area.every((share, place) => share === WHOLE[place]);
  if (whole && file.size <= LARGEST_BYTES) return file;
  try {
    const bitmap = await createImageBitmap(file);
    const [left, top] = [area[0] * bitmap.width, area[1] * bitmap.height];
    const [width, height] = [area[2] * bitmap.width - left, area[3] * bitmap.height - top];
    const scale = Math.min(1, LARGEST_SIDE / Math.max(width, height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, left, top, width, height, 0, 0, canvas.width, canvas.height);
    return (await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92))) ?? file;
  } catch {
    return file;
  }
}

/** Take a photo along to the search page. */
export async function carry(file) {
  const reader = new FileReader();
  const read = new Promise((done, failed) => {
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
  });
  reader.readAsDataURL(await small(file));
  sessionStorage.setItem(KEY, await read);
}

/** The photo brought along from another page, once. */
export function carried() {
  const text = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (!text) return null;
  const [head, data] = text.split(",", 2);
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: head.slice(5).split(";")[0] });
}
