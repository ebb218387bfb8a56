/** A small plot of lines, bands, dots and shaded stretches: for cascade, accuracy, history. Draws plain data. */

import { logTicks, scale, surface, ticks, type Scale } from "./axis";
import { faded, type Theme } from "./colours";

export interface Line { points: readonly (readonly [number, number | null])[]; colour: string; width?: number; dash?: number[]; fill?: boolean }
export interface Dot { x: number; y: number; colour: string; low?: number; high?: number }
export interface Stretch { from: number; to: number; colour: string; alpha?: number; label?: string; bottom?: boolean }

export interface LinePicture {
  theme: Theme;
  x: { range: [number, number]; log?: boolean; text: (v: number) => string; label?: string };
  y: { range: [number, number]; log?: boolean; text: (v: number) => string; label?: string };
  right?: { range: [number, number]; text: (v: number) => string; lines: readonly Line[]; label?: string };
  lines: readonly Line[];
  dots?: readonly Dot[];
  bars?: readonly { from: number; to: number; value: number; colour: string }[];
  stretches?: readonly Stretch[];
  marks?: readonly { x: number; colour: string; text: string; strong?: boolean }[];
}

export interface LineGeometry {
  x: Scale;
  y: Scale;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export function lineGeometry(width: number, height: number, picture: LinePicture): LineGeometry {
  const left = 58;
  const right = width - (picture.right ? 58 : 14);
  const top = 24;
  const bottom = height - (picture.x.label ? 40 : 24);
  return { left, right, top, bottom, x: scale(picture.x.range, [left, right], picture.x.log), y: scale(picture.y.range, [bottom, top], picture.y.log) };
}

const ticksOf = (axis: { range: [number, number]; log?: boolean }, count: number): number[] => (axis.log ? logTicks(axis.range[0], axis.range[1]) : ticks(axis.range[0], axis.range[1], count));

function drawAxes(ctx: CanvasRenderingContext2D, p: LinePicture, g: LineGeometry): void {
  ctx.strokeStyle = p.theme.grid;
  ctx.lineWidth = 1;
  ctx.setLineDash([]);
  ctx.fillStyle = p.theme.muted;
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  for (const v of ticksOf(p.y, 5)) {
    const y = Math.round(g.y(v)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(g.left, y);
    ctx.lineTo(g.right, y);
    ctx.stroke();
    ctx.fillText(p.y.text(v), g.left - 6, y);
  }
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  for (const v of ticksOf(p.x, Math.max(3, Math.floor((g.right - g.left) / 95)))) ctx.fillText(p.x.text(v), g.x(v), g.bottom + 6);
  if (p.x.label) ctx.fillText(p.x.label, (g.left + g.right) / 2, g.bottom + 22);
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  if (p.y.label && g.right - g.left > 420) ctx.fillText(p.y.label, 6, 14);
  ctx.textAlign = "right";
  if (p.right?.label && g.right - g.left > 420) ctx.fillText(p.right.label, g.right + 54, 14);
}

function drawLine(ctx: CanvasRenderingContext2D, line: Line, x: Scale, y: Scale, g: LineGeometry): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(g.left, g.top - 2, g.right - g.left, g.bottom - g.top + 3);
  ctx.clip();
  ctx.strokeStyle = line.colour;
  ctx.lineWidth = line.width ?? 2;
  ctx.setLineDash(line.dash ?? []);
  ctx.beginPath();
  let open = false;
  for (const [a, b] of line.points) {
    if (b === null || !Number.isFinite(b)) { open = false; continue; }
    if (open) ctx.lineTo(x(a), y(b));
    else ctx.moveTo(x(a), y(b));
    open = true;
  }
  ctx.stroke();
  if (line.fill && line.points.length > 1) {
    ctx.lineTo(x(line.points[line.points.length - 1]?.[0] ?? 0), g.bottom);
    ctx.lineTo(x(line.points[0]?.[0] ?? 0), g.bottom);
    ctx.globalAlpha = 0.12;
    ctx.fillStyle = line.colour;
    ctx.fill();
  }
  ctx.restore();
}

function drawStretches(ctx: CanvasRenderingContext2D, p: LinePicture, g: LineGeometry): void {
  for (const s of p.stretches ?? []) {
    const x0 = Math.max(g.left, Math.min(g.x(s.from), g.x(s.to)));
    const x1 = Math.min(g.right, Math.max(g.x(s.from), g.x(s.to)));
    if (x1 < x0) continue;
    ctx.fillStyle = faded(s.colour, s.alpha ?? 0.16);
    ctx.fillRect(x0, s.bottom ? g.bottom - 7 : g.top, Math.max(2, x1 - x0), s.bottom ? 7 : g.bottom - g.top);
    if (s.label && x1 - x0 > 50) {
      ctx.fillStyle = p.theme.muted;
      ctx.textAlign = "center";
      ctx.textBaseline = "bottom";
      ctx.fillText(s.label, (x0 + x1) / 2, s.bottom ? g.bottom - 9 : g.bottom - 4);
    }
  }
}

function drawMarks(ctx: CanvasRenderingContext2D, p: LinePicture, g: LineGeometry): void {
  let before = Number.NEGATIVE_INFINITY;
  let lines = 0;
  for (const m of [...(p.marks ?? [])].sort((a, b) => a.x - b.x)) {
    const x = Math.round(g.x(m.x)) + 0.5;
    if (x < g.left || x > g.right) continue;
    ctx.strokeStyle = m.colour;
    ctx.lineWidth = m.strong ? 2.5 : 1.3;
    ctx.setLineDash(m.strong ? [] : [4, 3]);
    ctx.beginPath();
    ctx.moveTo(x, g.top);
    ctx.lineTo(x, g.bottom);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = m.colour;
    ctx.textBaseline = "bottom";
    ctx.textAlign = x > g.right - 70 ? "right" : x < g.left + 70 ? "left" : "center";
    if (!m.strong) {
      // neighbours take turns in height
      lines = x - before < 90 ? lines + 1 : 0;
      before = x;
      ctx.fillText(m.text, x, g.top - 3 + 13 * lines);
      continue;
    }
    // the handle carries its own label, lower than the others, which it may pass
    const y = (g.top + g.bottom) / 2;
    const half = ctx.measureText(m.text).width / 2 + 8;
    ctx.beginPath();
    ctx.roundRect(Math.min(g.right - 2 * half, Math.max(g.left, x - half)), y - 10, 2 * half, 20, 5);
    ctx.fill();
    ctx.fillStyle = p.theme.panel;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(m.text, Math.min(g.right - half, Math.max(g.left + half, x)), y);
  }
}

export function drawLines(canvas: HTMLCanvasElement, p: LinePicture): LineGeometry | null {
  const s = surface(canvas, p.theme.panel);
  if (!s) return null;
  const { ctx } = s;
  const g = lineGeometry(s.width, s.height, p);
  drawAxes(ctx, p, g);
  drawStretches(ctx, p, g);
  for (const bar of p.bars ?? []) {
    const x0 = g.x(bar.from);
    ctx.fillStyle = bar.colour;
    const y = g.y(bar.value);
    const zero = g.y(Math.max(p.y.range[0], Math.min(0, p.y.range[1])));
    ctx.fillRect(x0, Math.min(y, zero), Math.max(1, g.x(bar.to) - x0 - 1), Math.abs(zero - y));
  }
  for (const line of p.lines) drawLine(ctx, line, g.x, g.y, g);
  if (p.right) {
    const y = scale(p.right.range, [g.bottom, g.top]);
    for (const line of p.right.lines) drawLine(ctx, line, g.x, y, g);
    ctx.fillStyle = p.theme.muted;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    for (const v of ticks(p.right.range[0], p.right.range[1], 5)) ctx.fillText(p.right.text(v), g.right + 6, y(v));
  }
  for (const d of p.dots ?? []) {
    ctx.strokeStyle = d.colour;
    ctx.fillStyle = d.colour;
    ctx.lineWidth = 2;
    if (d.low !== undefined && d.high !== undefined) {
      ctx.beginPath();
      ctx.moveTo(g.x(d.x), g.y(d.low));
      ctx.lineTo(g.x(d.x), g.y(d.high));
      ctx.stroke();
    }
    ctx.beginPath();
    ctx.arc(g.x(d.x), g.y(d.y), 4.5, 0, 7);
    ctx.fill();
  }
  drawMarks(ctx, p, g);
  return g;
}
