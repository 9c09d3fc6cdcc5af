// A photo of one's own: made small enough to send, and carried from one page to the next.

const KEY = "vitrine-photo";
const LARGEST_SIDE = 1280;
const LARGEST_BYTES = 1_500_000;

/** The first image file of a drop or a paste, if there is one. */
export function imageOf(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/")) ?? null;
}

/** The file itself, or a smaller JPEG of a large one. What the browser cannot read is left for the service to refuse. */
export async function small(file) {
  if (file.size <= LARGEST_BYTES) return file;
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, LARGEST_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
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
