/** Candles, volume, open interest and funding brought onto the columns of a heatmap. */

import type { Candles, HeatmapHead } from "./schema";
import { toMs } from "./moments";

export interface Series {
  seconds: number[]; // start of each column, whole seconds, strictly rising
  volume_usd: (number | null)[];
  open_interest_usd: (number | null)[];
  funding_rate_8h: (number | null)[];
}

/** Whole seconds of each column's start; the chart wants them strictly rising. */
export function columnSeconds(head: HeatmapHead): number[] {
  const out: number[] = [];
  for (const candle of head.candles) {
    const s = Math.floor(toMs(candle.time_open) / 1000);
    out.push(Math.max(s, (out[out.length - 1] ?? s - 1) + 1));
  }
  return out;
}

/** Volume summed, open interest and funding as last seen in each column. */
export function onColumns(head: HeatmapHead, candles: Candles | null): Series {
  const seconds = columnSeconds(head);
  const n = seconds.length;
  const volume: (number | null)[] = new Array<number | null>(n).fill(null);
  const interest: (number | null)[] = new Array<number | null>(n).fill(null);
  const funding: (number | null)[] = new Array<number | null>(n).fill(null);
  let column = 0;
  candles?.time_ms.forEach((ms, i) => {
    const s = ms / 1000;
    if (s < (seconds[0] ?? 0)) return;
    while (column + 1 < n && s >= (seconds[column + 1] ?? 0)) column++;
    const v = candles.volume_usd[i];
    if (v !== null && v !== undefined) volume[column] = (volume[column] ?? 0) + v;
    interest[column] = candles.open_interest_usd[i] ?? interest[column] ?? null;
    funding[column] = candles.funding_rate_8h[i] ?? funding[column] ?? null;
  });
  return { seconds, volume_usd: volume, open_interest_usd: interest, funding_rate_8h: funding };
}
