/** The only place of the page that knows a colour: the palette of the pictures, and what stands for what. */

import palette from "../palette.json";
import { sortLeverage } from "../model/bars";

export type ThemeName = "dark" | "light";
export type Theme = (typeof palette)["dark"];

export const theme = (name: ThemeName): Theme => palette[name] as Theme;

type Rgb = [number, number, number];

const rgb = (hex: string): Rgb => [Number.parseInt(hex.slice(1, 3), 16), Number.parseInt(hex.slice(3, 5), 16), Number.parseInt(hex.slice(5, 7), 16)];

/** The colour of a ramp at 0..1, between evenly spaced anchors. */
export function blend(ramp: readonly string[], position: number): Rgb {
  const at = Math.min(1, Math.max(0, position)) * (ramp.length - 1);
  const i = Math.min(Math.floor(at), ramp.length - 2);
  const low = rgb(ramp[i] ?? "#000000");
  const high = rgb(ramp[i + 1] ?? "#000000");
  const part = at - i;
  return [0, 1, 2].map((c) => Math.round((low[c] ?? 0) + ((high[c] ?? 0) - (low[c] ?? 0)) * part)) as Rgb;
}

export const css = ([r, g, b]: Rgb, alpha = 1): string => (alpha >= 1 ? `rgb(${r} ${g} ${b})` : `rgb(${r} ${g} ${b} / ${alpha})`);

export const faded = (hex: string, alpha: number): string => css(rgb(hex), alpha);

export function venueColours(t: Theme, venues: readonly string[]): Record<string, string> {
  const known = t.venues as Record<string, string>;
  // the simulator's exchanges are told apart by hues that no real exchange has
  const simulated = [t.venues.simulated, t.leverage[2] ?? t.muted, t.leverage[4] ?? t.muted];
  let next = 0;
  const other = (v: string): string => (v.startsWith("simulated") ? simulated : t.others)[next++ % 3] ?? t.muted;
  return Object.fromEntries([...venues].sort().map((v) => [v, known[v] ?? other(v)]));
}

export function leverageColours(t: Theme, labels: readonly string[]): Record<string, string> {
  const sorted = sortLeverage(labels);
  const last = Math.max(1, sorted.length - 1);
  return Object.fromEntries(sorted.map((label, i) => [label, css(blend(t.leverage, 1 - i / last))]));
}

/** How levels 0..255 (a log scale of `decades` natural logs) become places on a ramp. */
export interface HeatScale {
  /** Natural log of largest over smallest amount. */
  span: number;
  /** Levels below stay clear. */
  threshold: number;
  /** The level that gets the last colour; larger ones share it. */
  high: number;
  /** Evenly over the log scale from here, or in proportion to the amount. */
  low: number;
  log: boolean;
}

/** The scale of some cells: a few largest share the last colour, so that one cell does not dim all others. */
export function heatScale(layers: readonly Uint8Array[], span: number, threshold: number, log: boolean): HeatScale {
  const counts = new Float64Array(256);
  for (const layer of layers) for (const level of layer) counts[level] = (counts[level] ?? 0) + 1;
  const all = counts.reduce((s, n, level) => (level ? s + n : s), 0);
  const quantile = (part: number): number => {
    let sum = 0;
    for (let level = 1; level < 256; level++) if ((sum += counts[level] ?? 0) >= all * part) return level;
    return 255;
  };
  const high = Math.max(quantile(0.995), threshold + 1);
  return { span, threshold, high, low: Math.min(Math.max(threshold, quantile(0.1), high - Math.round((254 * 3) / span)), high - 1), log };
}

/** 256 colours as RGBA words in memory order; level 0 and levels below the threshold are clear. */
export function colourTable(ramp: readonly string[], scale: HeatScale): Uint32Array {
  const table = new Uint32Array(256);
  const view = new DataView(table.buffer);
  for (let level = Math.max(1, scale.threshold); level < 256; level++) {
    const linear = Math.exp(((level - scale.high) / 254) * scale.span);
    const position = Math.min(1, Math.max(0, scale.log ? (level - scale.low) / (scale.high - scale.low) : linear));
    const [r, g, b] = blend(ramp, position);
    view.setUint8(level * 4, r);
    view.setUint8(level * 4 + 1, g);
    view.setUint8(level * 4 + 2, b);
    view.setUint8(level * 4 + 3, Math.round(255 * Math.min(1, position * 4)));
  }
  return table;
}

const CSS_NAMES: [string, keyof Theme][] = [
  ["--background", "background"], ["--panel", "panel"], ["--text", "text"], ["--muted", "muted"], ["--grid", "grid"], ["--warning", "warning"],
  ["--price", "price"], ["--long", "long"], ["--short", "short"], ["--curve-long", "cumulative_long"], ["--curve-short", "cumulative_short"], ["--unidentified", "unidentified"],
];

/** Hand the palette to the style sheet. */
export function applyTheme(name: ThemeName): void {
  const style = document.documentElement.style;
  const t = theme(name);
  for (const [variable, key] of CSS_NAMES) style.setProperty(variable, t[key] as string);
  style.setProperty("color-scheme", name);
  document.documentElement.dataset["theme"] = name;
}
