/** Results as comma-separated text: full numbers, units in the column names, the head above as comments. */

import type { Head, HeatmapHead, LevelMap } from "./schema";

export function csv(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cell = (value: unknown): string => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

function headLines(head: Head): string {
  const facts = [`${head.simulated ? "SIMULATED " : ""}${head.kind} ${head.quantity} ${head.asset}`, `as of ${head.as_of}`, `window ${head.window}`, `price ${head.price}`, `unit ${head.unit}`, `model ${head.model.name} ${head.model.version} (${head.model.calibration})`];
  return facts.map((fact) => `# ${fact}\n`).join("");
}

export function mapCsv(map: LevelMap): string {
  const venues = [...new Set(map.bins.flatMap((b) => Object.keys(b.by_venue)))];
  const columns = ["price_low", "price_high", "long_usd", "short_usd", ...venues.flatMap((v) => [`${v}_long_usd`, `${v}_short_usd`])];
  const rows = map.bins.map((b) => [b.price_low, b.price_high, b.long_usd, b.short_usd, ...venues.flatMap((v) => [b.by_venue[v]?.long_usd ?? 0, b.by_venue[v]?.short_usd ?? 0])]);
  return headLines(map) + csv(columns, rows);
}

export function columnCsv(head: HeatmapHead, column: number, long: ArrayLike<number>, short: ArrayLike<number>): string {
  const rows = Array.from({ length: head.price_edges.length - 1 }, (_, i) => [head.times[column], head.price_edges[i], head.price_edges[i + 1], long[i], short[i]]);
  return headLines(head) + csv(["time", "price_low", "price_high", "long_usd", "short_usd"], rows);
}
