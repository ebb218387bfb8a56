/** Arithmetic of a map's bins: stacks, sums, what lies on the way. Amounts are USD, prices in quote. */

import type { Bin, LevelMap, Position, Sides } from "./schema";

export type StackBy = "venue" | "leverage" | "side" | "age";

export interface Layer {
  name: string;
  label: string;
  usd: Float64Array; // one amount per bin, long and short together
}

const LEVERAGE_ORDER = (label: string): number => {
  const number = Number.parseFloat(label.replace(/^[<>≥≤]/, ""));
  return label.startsWith("<") ? number - 0.5 : number;
};

/** Leverage labels, highest first, as pictures stack them. */
export function sortLeverage(labels: Iterable<string>): string[] {
  return [...labels].sort((a, b) => LEVERAGE_ORDER(b) - LEVERAGE_ORDER(a));
}

function names(bins: readonly Bin[], part: "by_venue" | "by_leverage"): string[] {
  const sums = new Map<string, number>();
  for (const bin of bins) for (const [name, s] of Object.entries(bin[part])) sums.set(name, (sums.get(name) ?? 0) + s.long_usd + s.short_usd);
  const found = [...sums.keys()].sort((a, b) => (sums.get(b) ?? 0) - (sums.get(a) ?? 0));
  return part === "by_leverage" ? sortLeverage(found) : found;
}

/** Layers of the stacked bars, bottom first. */
export function stack(bins: readonly Bin[], by: "venue" | "leverage" | "side"): Layer[] {
  if (by === "side") {
    return [
      { name: "long", label: "longs (sell when liquidated)", usd: Float64Array.from(bins, (b) => b.long_usd) },
      { name: "short", label: "shorts (buy when liquidated)", usd: Float64Array.from(bins, (b) => b.short_usd) },
    ];
  }
  const part = by === "venue" ? "by_venue" : "by_leverage";
  return names(bins, part).map((name) => ({
    name,
    label: name,
    usd: Float64Array.from(bins, (b) => (b[part][name]?.long_usd ?? 0) + (b[part][name]?.short_usd ?? 0)),
  }));
}

/** Layers by age: maps of growing windows, each minus the one before it (same bins). */
export function stackByAge(maps: readonly { window: string; map: LevelMap }[]): Layer[] {
  return maps.map(({ window, map }, i) => {
    const before = maps[i - 1];
    return {
      name: String(i),
      label: before ? `${before.window} to ${window} old` : `under ${window} old`,
      usd: Float64Array.from(map.bins, (b, j) => Math.max(0, b.long_usd + b.short_usd - (before ? (before.map.bins[j]?.long_usd ?? 0) + (before.map.bins[j]?.short_usd ?? 0) : 0))),
    };
  });
}

export interface Zone extends Sides {
  price_low: number;
  price_high: number;
  by_venue: Record<string, Sides>;
  by_leverage: Record<string, Sides>;
}

function add(into: Record<string, Sides>, from: Record<string, Sides>): void {
  for (const [name, s] of Object.entries(from)) {
    const at = (into[name] ??= { long_usd: 0, short_usd: 0 });
    at.long_usd += s.long_usd;
    at.short_usd += s.short_usd;
  }
}

/** The bins `[first, last]` as one zone. */
export function zoneOf(bins: readonly Bin[], first: number, last: number): Zone | null {
  const chosen = bins.slice(Math.max(0, Math.min(first, last)), Math.max(first, last) + 1);
  const low = chosen[0];
  const high = chosen[chosen.length - 1];
  if (!low || !high) return null;
  const zone: Zone = { price_low: low.price_low, price_high: high.price_high, long_usd: 0, short_usd: 0, by_venue: {}, by_leverage: {} };
  for (const bin of chosen) {
    zone.long_usd += bin.long_usd;
    zone.short_usd += bin.short_usd;
    add(zone.by_venue, bin.by_venue);
    add(zone.by_leverage, bin.by_leverage);
  }
  return zone;
}

/** Index of the bin that holds a price, -1 outside. */
export function binAt(bins: readonly Bin[], price: number): number {
  let low = 0;
  let high = bins.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const bin = bins[middle];
    if (!bin) return -1;
    if (price < bin.price_low) high = middle - 1;
    else if (price >= bin.price_high) low = middle + 1;
    else return middle;
  }
  return -1;
}

/** What is liquidated on the way from the map's price to another, from the API's own curve. */
export function onTheWay(map: LevelMap, price: number): { position: Position; usd: number } {
  const position: Position = price < map.price ? "long" : "short";
  const { price: at, long_usd, short_usd } = map.cumulative;
  let best = -1;
  for (let i = 0; i < at.length; i++) {
    const p = at[i] ?? 0;
    // long curve: at a price stands what falls due down to it, so the nearest edge at or above the price counts
    if (position === "long" ? p >= price && p <= map.price && (best < 0 || p < (at[best] ?? 0)) : p <= price && p >= map.price && p >= (at[best] ?? -1)) best = i;
  }
  if (best < 0) return { position, usd: 0 };
  return { position, usd: (position === "long" ? long_usd[best] : short_usd[best]) ?? 0 };
}

/** Sums within ± a share of the price. */
export function within(map: LevelMap, distance: number): Sides {
  const down = onTheWay(map, map.price * (1 - distance));
  const up = onTheWay(map, map.price * (1 + distance));
  return { long_usd: down.usd, short_usd: up.usd };
}

export const total = (sides: Sides): number => sides.long_usd + sides.short_usd;

/** Bins joined so that at most `most` remain; amounts are kept, never averaged. */
export function joined(bins: readonly Bin[], most: number): Bin[] {
  const step = Math.ceil(bins.length / Math.max(1, most));
  if (step <= 1) return [...bins];
  const out: Bin[] = [];
  for (let i = 0; i < bins.length; i += step) {
    const zone = zoneOf(bins, i, Math.min(i + step - 1, bins.length - 1));
    if (zone) out.push(zone);
  }
  return out;
}
