/** Levels of one moment beside the price axis, on the chart's own price coordinates. */

import { surface } from "./axis";
import { faded, type Theme } from "./colours";

export interface SideData {
  theme: Theme;
  edges: readonly number[];
  long: ArrayLike<number>;
  short: ArrayLike<number>;
  layer: "both" | "long" | "short";
  toY: (price: number) => number | null;
  cursorY: number | null;
  /** Order books: price and USD of each level. */
  book: { price: number; usd: number; bid: boolean }[];
  height: number;
}

export function drawSide(canvas: HTMLCanvasElement, data: SideData): void {
  const s = surface(canvas, data.theme.panel);
  if (!s) return;
  const { ctx, width } = s;
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, 0, width, data.height);
  ctx.clip();
  const rows = data.edges.length - 1;
  const longOf = (i: number): number => (data.layer === "short" ? 0 : (data.long[i] ?? 0));
  const shortOf = (i: number): number => (data.layer === "long" ? 0 : (data.short[i] ?? 0));
  let most = 1;
  for (let i = 0; i < rows; i++) most = Math.max(most, longOf(i) + shortOf(i));
  for (let i = 0; i < rows; i++) {
    const l = longOf(i);
    const sh = shortOf(i);
    if (l + sh <= 0) continue;
    const y0 = data.toY(data.edges[i + 1] ?? 0);
    const y1 = data.toY(data.edges[i] ?? 0);
    if (y0 === null || y1 === null || y1 < 0 || y0 > data.height) continue;
    // whole pixels: rows thinner than one would beat against the raster
    const top = Math.round(y0);
    const h = Math.max(1, Math.round(y1) - top - (y1 - y0 > 4 ? 1 : 0));
    ctx.fillStyle = data.theme.long;
    ctx.fillRect(0, top, (l / most) * (width - 4), h);
    ctx.fillStyle = data.theme.short;
    ctx.fillRect((l / most) * (width - 4), top, (sh / most) * (width - 4), h);
  }
  const deepest = Math.max(1, ...data.book.map((b) => b.usd));
  for (const b of data.book) {
    const y = data.toY(b.price);
    if (y === null) continue;
    ctx.fillStyle = faded(data.theme.text, 0.55);
    ctx.fillRect(width - (b.usd / deepest) * width * 0.4, y, (b.usd / deepest) * width * 0.4, 1);
  }
  if (data.cursorY !== null) {
    ctx.strokeStyle = faded(data.theme.text, 0.6);
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(0, data.cursorY + 0.5);
    ctx.lineTo(width, data.cursorY + 0.5);
    ctx.stroke();
  }
  ctx.restore();
}
