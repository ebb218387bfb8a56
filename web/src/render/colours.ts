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
  let next = 0;
  return Object.fromEntries(venues.map((v) => [v, known[v] ?? t.others[next++ % t.others.length] ?? t.muted]));
}

export function leverageColours(t: Theme, labels: readonly string[]): Record<string, string> {
  const sorted = sortLeverage(labels);
  const last = Math.max(1, sorted.length - 1);
  return Object.fromEntries(sorted.map((label, i) => [label, css(blend(t.leverage, 1 - i / last))]));
}

/** 256 colours for levels 0..255 as RGBA words in memory order; level 0 and levels below the threshold are clear. */
export function colourTable(ramp: readonly string[], threshold: number, equalised: boolean): Uint32Array {
  const table = new Uint32Array(256);
  const view = new DataView(table.buffer);
  for (let level = Math.max(1, threshold); level < 256; level++) {
    const position = (level - threshold) / Math.max(1, 255 - threshold);
    const [r, g, b] = blend(ramp, equalised ? position : Math.exp((position - 1) * 3));
    view.setUint8(level * 4, r);
    view.setUint8(level * 4 + 1, g);
    view.setUint8(level * 4 + 2, b);
    view.setUint8(level * 4 + 3, Math.round(255 * Math.min(1, 0.25 + position * 1.2)));
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
