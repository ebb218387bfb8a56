/** Take away: PNG, CSV, the link. To the clipboard where the browser lets us, else as a file. */

import { say } from "../state";

function download(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`saved ${name}`);
}

export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied`);
  } catch {
    download(new Blob([text], { type: "text/plain" }), `${what}.txt`);
  }
}

export const copyLink = (): Promise<void> => copyText(location.href, "link");

export function saveCsv(text: string, name: string): void {
  download(new Blob([text], { type: "text/csv" }), `${name}.csv`);
}

/** A canvas with its caption below, as PNG: to the clipboard, or as a file. */
export function copyPicture(source: HTMLCanvasElement, caption: readonly string[], colours: { background: string; text: string; muted: string }, name: string): void {
  const ratio = source.width / Math.max(1, source.clientWidth);
  const line = 17;
  const sheet = document.createElement("canvas");
  sheet.width = source.width;
  sheet.height = source.height + Math.round((caption.length * line + 14) * ratio);
  const ctx = sheet.getContext("2d");
  if (!ctx) return;
  ctx.fillStyle = colours.background;
  ctx.fillRect(0, 0, sheet.width, sheet.height);
  ctx.drawImage(source, 0, 0);
  ctx.scale(ratio, ratio);
  ctx.font = "12px system-ui, sans-serif";
  caption.forEach((text, i) => {
    ctx.fillStyle = i ? colours.muted : colours.text;
    ctx.fillText(text, 12, source.height / ratio + line * (i + 1), sheet.width / ratio - 24);
  });
  sheet.toBlob((blob) => {
    if (!blob) return;
    const write = typeof ClipboardItem === "undefined" || !navigator.clipboard?.write ? Promise.reject(new Error("no clipboard")) : navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    write.then(() => say("picture copied"), () => download(blob, `${name}.png`));
  }, "image/png");
}
