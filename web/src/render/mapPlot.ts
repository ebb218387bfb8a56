/** Draw a map: stacked bars over price, cumulative curves outward from the price, the price line. Plain data in, pixels out. */

import type { Layer } from "../model/bars";
import * as numbers from "../model/numbers";
import type { Band, Bin, Curve } from "../model/schema";
import { faded, type Theme } from "./colours";
import { logTicks, scale, surface, ticks, type Scale } from "./axis";

export interface MapPicture {
  theme: Theme;
  bins: readonly Bin[];
  layers: readonly Layer[];
  colours: readonly string[];
  curve: Curve;
  band: Band | null;
  price: number;
  /** Where the price line stands: the newest price known. */
  line: number;
  range: [number, number];
  logPrice: boolean;
  logBars: boolean;
  relative: boolean;
  curves: boolean;
  simulated: boolean;
  /** Stretches to shade: chosen zone, brush, clusters. */
  marks: readonly { low: number; high: number; strong: boolean }[];
  /** Prices with a small flag at the top. */
  flags: readonly { price: number; text: string; position: "long" | "short" }[];
  cursor: number | null;
}

export interface MapGeometry {
  left: number;
  right: number;
  top: number;
  bottom: number;
  x: Scale;
}

/** Where the plot lies in a box of this size. */
export function mapGeometry(width: number, height: number, range: [number, number], logPrice: boolean): MapGeometry {
  const narrow = width < 560;
  const left = narrow ? 44 : 60;
  const right = width - (narrow ? 44 : 60);
  return { left, right, top: 26, bottom: height - 24, x: scale(range, [left, right], logPrice) };
}

function amountScale(picture: MapPicture, most: number, g: MapGeometry): { y: Scale; marks: number[] } {
  if (picture.logBars) {
    const low = most / 1e4;
    return { y: scale([low, most * 1.15], [g.bottom, g.top], true), marks: logTicks(low, most) };
  }
  return { y: scale([0, most * 1.06], [g.bottom, g.top]), marks: ticks(0, most, 8) };
}

function visible(bins: readonly Bin[], range: [number, number]): [number, number] {
  let first = bins.findIndex((b) => b.price_high > range[0]);
  if (first < 0) first = bins.length;
  let last = bins.length - 1;
  while (last >= first && (bins[last]?.price_low ?? 0) >= range[1]) last--;
  return [first, last];
}

function drawGrid(ctx: CanvasRenderingContext2D, picture: MapPicture, g: MapGeometry, y: Scale, marks: number[], most: number): void {
  const t = picture.theme;
  ctx.strokeStyle = t.grid;
  ctx.fillStyle = t.muted;
  ctx.lineWidth = 1;
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  for (const mark of marks) {
    const at = Math.round(y(mark)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(g.left, at);
    ctx.lineTo(g.right, at);
    ctx.stroke();
    ctx.fillText(picture.relative ? numbers.share(mark / most) : numbers.usdTick(mark), g.left - 6, at);
  }
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  for (const mark of ticks(picture.range[0], picture.range[1], Math.max(3, Math.floor((g.right - g.left) / (g.right - g.left < 500 ? 55 : 90))))) {
    const at = Math.round(g.x(mark)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(at, g.bottom);
    ctx.lineTo(at, g.bottom + 4);
    ctx.stroke();
    ctx.fillText(numbers.priceTick(mark), at, g.bottom + 7);
  }
}

function drawBars(ctx: CanvasRenderingContext2D, picture: MapPicture, g: MapGeometry, y: Scale, first: number, last: number): void {
  for (let i = first; i <= last; i++) {
    const bin = picture.bins[i];
    if (!bin) continue;
    const x0 = Math.max(g.left, g.x(bin.price_low));
    const x1 = Math.min(g.right, g.x(bin.price_high));
    const gap = x1 - x0 > 4 ? 1 : x1 - x0 > 2 ? 0.5 : 0;
    const sum = picture.layers.reduce((s, layer) => s + (layer.usd[i] ?? 0), 0);
    if (sum <= 0) continue;
    const top = Math.min(g.bottom, y(sum));
    let under = 0;
    picture.layers.forEach((layer, k) => {
      const amount = layer.usd[i] ?? 0;
      if (amount <= 0) return;
      // on a log axis a stack has no meaning by height: the bar's height is its sum, its parts keep their share of it
      const from = g.bottom - (g.bottom - top) * (under / sum);
      under += amount;
      const to = g.bottom - (g.bottom - top) * (under / sum);
      ctx.fillStyle = picture.colours[k] ?? picture.theme.muted;
      ctx.fillRect(x0 + gap / 2, to, Math.max(0.6, x1 - x0 - gap), Math.max(0.4, from - to));
    });
  }
}

function drawCurve(ctx: CanvasRenderingContext2D, points: [number, number][], colour: string): void {
  if (points.length < 2) return;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.lineJoin = "round";
  ctx.beginPath();
  points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.stroke();
}

function drawBand(ctx: CanvasRenderingContext2D, picture: MapPicture, g: MapGeometry, y: Scale): void {
  const band = picture.band;
  if (!band) return;
  for (const [low, high, colour, below] of [[band.long_low_usd, band.long_high_usd, picture.theme.cumulative_long, true], [band.short_low_usd, band.short_high_usd, picture.theme.cumulative_short, false]] as const) {
    const at = band.price.map((p, i) => ({ p, i })).filter(({ p }) => (below ? p <= picture.price : p >= picture.price) && p >= picture.range[0] && p <= picture.range[1]);
    ctx.fillStyle = faded(colour, 0.14);
    ctx.beginPath();
    at.forEach(({ p, i }, k) => (k ? ctx.lineTo(g.x(p), y(high[i] ?? 0)) : ctx.moveTo(g.x(p), y(high[i] ?? 0))));
    at.reverse().forEach(({ p, i }) => ctx.lineTo(g.x(p), y(low[i] ?? 0)));
    ctx.fill();
  }
}

function drawCurves(ctx: CanvasRenderingContext2D, picture: MapPicture, g: MapGeometry): void {
  const { curve, price, range, theme: t } = picture;
  const at = curve.price.map((p, i) => ({ p, i })).filter(({ p }) => p >= range[0] && p <= range[1]);
  const most = Math.max(1, ...at.map(({ p, i }) => (p <= price ? (curve.long_usd[i] ?? 0) : (curve.short_usd[i] ?? 0))));
  const y = scale([0, most * 1.06], [g.bottom, g.top]);
  drawBand(ctx, picture, g, y);
  const below = at.filter(({ p }) => p <= price).map(({ p, i }): [number, number] => [g.x(p), y(curve.long_usd[i] ?? 0)]);
  const above = at.filter(({ p }) => p >= price).map(({ p, i }): [number, number] => [g.x(p), y(curve.short_usd[i] ?? 0)]);
  drawCurve(ctx, [...below, [g.x(price), g.bottom]], t.cumulative_long);
  drawCurve(ctx, [[g.x(price), g.bottom], ...above], t.cumulative_short);
  ctx.fillStyle = t.muted;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const mark of ticks(0, most, 8)) ctx.fillText(picture.relative ? numbers.share(mark / most) : numbers.usdTick(mark), g.right + 6, y(mark));
}

function drawPrice(ctx: CanvasRenderingContext2D, picture: MapPicture, g: MapGeometry): void {
  const t = picture.theme;
  const at = Math.round(g.x(picture.line)) + 0.5;
  if (at < g.left || at > g.right) return;
  ctx.strokeStyle = t.price;
  ctx.lineWidth = 1.5;
  ctx.setLineDash([4, 3]);
  ctx.beginPath();
  ctx.moveTo(at, g.top);
  ctx.lineTo(at, g.bottom);
  ctx.stroke();
  ctx.setLineDash([]);
  const text = numbers.price(picture.line);
  ctx.font = "600 12px system-ui, sans-serif";
  const half = ctx.measureText(text).width / 2 + 7;
  const centre = Math.min(g.right - half, Math.max(g.left + half, at));
  ctx.fillStyle = t.price;
  ctx.beginPath();
  ctx.roundRect(centre - half, 2, half * 2, 19, 4);
  ctx.fill();
  ctx.fillStyle = t.name === "dark" ? t.background : t.panel;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, centre, 12);
  ctx.font = "11px system-ui, sans-serif";
}

function drawSides(ctx: CanvasRenderingContext2D, picture: MapPicture, g: MapGeometry): void {
  const t = picture.theme;
  const at = g.x(picture.price);
  ctx.textBaseline = "middle";
  ctx.fillStyle = t.long;
  ctx.textAlign = "left";
  if (at - g.left > 190) ctx.fillText("◀ longs, sell when liquidated", g.left + 2, 12);
  ctx.fillStyle = t.short;
  ctx.textAlign = "right";
  if (g.right - at > 190) ctx.fillText("shorts, buy when liquidated ▶", g.right - 2, 12);
}

function drawMarks(ctx: CanvasRenderingContext2D, picture: MapPicture, g: MapGeometry): void {
  for (const mark of picture.marks) {
    const x0 = Math.max(g.left, g.x(Math.max(mark.low, picture.range[0])));
    const x1 = Math.min(g.right, g.x(Math.min(mark.high, picture.range[1])));
    if (x1 <= x0) continue;
    ctx.fillStyle = faded(picture.theme.text, mark.strong ? 0.14 : 0.05);
    ctx.fillRect(x0, g.top, Math.max(1, x1 - x0), g.bottom - g.top);
    if (!mark.strong) continue;
    ctx.strokeStyle = faded(picture.theme.text, 0.5);
    ctx.strokeRect(Math.round(x0) + 0.5, g.top, Math.max(1, Math.round(x1 - x0)), g.bottom - g.top);
  }
  for (const flag of picture.flags) {
    const x = g.x(flag.price);
    if (x < g.left || x > g.right) continue;
    ctx.fillStyle = flag.position === "long" ? picture.theme.long : picture.theme.short;
    ctx.beginPath();
    ctx.moveTo(x - 4, g.top - 3);
    ctx.lineTo(x + 4, g.top - 3);
    ctx.lineTo(x, g.top + 4);
    ctx.fill();
  }
}

function drawSimulated(ctx: CanvasRenderingContext2D, picture: MapPicture, g: MapGeometry): void {
  ctx.save();
  ctx.translate((g.left + g.right) / 2, (g.top + g.bottom) / 2);
  ctx.rotate(-0.22);
  ctx.font = `700 ${Math.round(Math.min(72, (g.right - g.left) / 8))}px system-ui, sans-serif`;
  ctx.fillStyle = faded(picture.theme.warning, 0.2);
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText("SIMULATED", 0, 0);
  ctx.restore();
}

export function drawMap(canvas: HTMLCanvasElement, picture: MapPicture, ratio?: number): MapGeometry | null {
  const s = surface(canvas, picture.theme.panel, ratio);
  if (!s) return null;
  const { ctx } = s;
  const g = mapGeometry(s.width, s.height, picture.range, picture.logPrice);
  const [first, last] = visible(picture.bins, picture.range);
  let most = 0;
  for (let i = first; i <= last; i++) most = Math.max(most, picture.layers.reduce((sum, layer) => sum + (layer.usd[i] ?? 0), 0));
  const { y, marks } = amountScale(picture, most || 1, g);
  if (most > 0) drawGrid(ctx, picture, g, y, marks, most);
  drawMarks(ctx, picture, g);
  drawBars(ctx, picture, g, y, first, last);
  if (picture.curves) drawCurves(ctx, picture, g);
  if (picture.simulated) drawSimulated(ctx, picture, g);
  drawSides(ctx, picture, g);
  drawPrice(ctx, picture, g);
  if (picture.cursor !== null) {
    ctx.strokeStyle = faded(picture.theme.text, 0.55);
    ctx.lineWidth = 1;
    ctx.beginPath();
    const at = Math.round(g.x(picture.cursor)) + 0.5;
    ctx.moveTo(at, g.top);
    ctx.lineTo(at, g.bottom);
    ctx.stroke();
  }
  return g;
}
