/** Scales and ticks. */

export interface Scale {
  (value: number): number;
  invert: (pixel: number) => number;
}

/** A linear or logarithmic scale from values to pixels. */
export function scale(from: [number, number], to: [number, number], log = false): Scale {
  const f = log ? Math.log : (x: number) => x;
  const g = log ? Math.exp : (x: number) => x;
  const a = f(from[0]);
  const b = f(from[1]);
  const slope = (to[1] - to[0]) / (b - a || 1);
  const forward = (value: number): number => to[0] + (f(value) - a) * slope;
  return Object.assign(forward, { invert: (pixel: number): number => g(a + (pixel - to[0]) / slope) });
}

/** Round values, about `count` of them. */
export function ticks(low: number, high: number, count: number): number[] {
  if (!(high > low) || count < 1) return [];
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? raw;
  const out: number[] = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) out.push(Number(v.toPrecision(12)));
  return out;
}

/** Powers of ten, thinned. */
export function logTicks(low: number, high: number): number[] {
  const out: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
    const v = 10 ** e;
    if (v >= low && v <= high) out.push(v);
  }
  return out;
}

export interface Surface {
  ctx: CanvasRenderingContext2D;
  width: number;
  height: number;
}

/** Size a canvas to its box at the screen's own resolution and clear it. */
export function surface(canvas: HTMLCanvasElement, background: string, ratio = window.devicePixelRatio || 1): Surface | null {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ctx = canvas.getContext("2d");
  if (!ctx || width < 2 || height < 2) return null;
  const w = Math.round(width * ratio);
  const h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.fillStyle = background;
  ctx.fillRect(0, 0, width, height);
  ctx.font = "11px system-ui, -apple-system, 'Segoe UI', sans-serif";
  return { ctx, width, height };
}
