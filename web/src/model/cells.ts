/** A heatmap's cells in memory: one byte each on a log scale, or exact amounts where the answer was JSON. */

import type { HeatmapBinaryHead, HeatmapHead, HeatmapTree } from "./schema";

export interface Cells {
  head: HeatmapHead;
  columns: number;
  rows: number;
  /** Levels 0..255, column-major: index = column * rows + row, rows from the lowest price. */
  long: Uint8Array;
  short: Uint8Array;
  min_usd: number;
  max_usd: number;
  /** Exact amounts, where known. */
  exact?: { long_usd: number[][]; short_usd: number[][] };
}

export function levelOf(amount: number, min: number, max: number): number {
  if (!(amount > 0)) return 0;
  if (max <= min) return 255;
  const part = Math.log(Math.max(amount, min) / min) / Math.log(max / min);
  return 1 + Math.round(Math.min(1, part) * 254);
}

/** The amount in the middle of a level, 0 for nothing. */
export function amountOf(level: number, min: number, max: number): number {
  if (level <= 0) return 0;
  return max <= min ? max : min * Math.exp(((level - 1) / 254) * Math.log(max / min));
}

/** Decode application/vnd.liqatlas.heatmap: length of the head, JSON head, then uint8 cells, layer after layer. */
export function decodeBinary(buffer: ArrayBuffer): Cells {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as HeatmapBinaryHead;
  const [columns, rows] = head.shape;
  const at = 4 + length;
  if (buffer.byteLength < at + 2 * columns * rows) throw new Error(`the heatmap was cut off: ${buffer.byteLength} bytes instead of ${at + 2 * columns * rows}`);
  const first = new Uint8Array(buffer, at, columns * rows);
  const second = new Uint8Array(buffer, at + columns * rows, columns * rows);
  const longFirst = head.layers[0] !== "short";
  return { head, columns, rows, long: longFirst ? first : second, short: longFirst ? second : first, min_usd: head.scale.min_usd, max_usd: head.scale.max_usd };
}

/** Cells of a JSON heatmap. */
export function cellsOf(tree: HeatmapTree): Cells {
  const columns = tree.times.length;
  const rows = tree.price_edges.length - 1;
  let max = 0;
  for (const layer of [tree.long_usd, tree.short_usd]) for (const column of layer) for (const usd of column) if (usd > max) max = usd;
  max ||= 1;
  const min = max / 1e4;
  const encode = (layer: number[][]): Uint8Array => {
    const out = new Uint8Array(columns * rows);
    layer.forEach((column, c) => column.forEach((usd, r) => { out[c * rows + r] = levelOf(usd, min, max); }));
    return out;
  };
  return { head: tree, columns, rows, long: encode(tree.long_usd), short: encode(tree.short_usd), min_usd: min, max_usd: max, exact: { long_usd: tree.long_usd, short_usd: tree.short_usd } };
}

/** Amounts of one cell [USD]; from a byte they are right to the width of one of 254 log steps. */
export function cellUsd(cells: Cells, column: number, row: number): { long_usd: number; short_usd: number } {
  const exact = cells.exact;
  if (exact) return { long_usd: exact.long_usd[column]?.[row] ?? 0, short_usd: exact.short_usd[column]?.[row] ?? 0 };
  const i = column * cells.rows + row;
  return { long_usd: amountOf(cells.long[i] ?? 0, cells.min_usd, cells.max_usd), short_usd: amountOf(cells.short[i] ?? 0, cells.min_usd, cells.max_usd) };
}

/** Amounts of a whole column [USD], one side. */
export function columnUsd(cells: Cells, column: number, position: "long" | "short"): Float64Array {
  const out = new Float64Array(cells.rows);
  const exact = cells.exact?.[position === "long" ? "long_usd" : "short_usd"][column];
  for (let row = 0; row < cells.rows; row++) out[row] = exact ? (exact[row] ?? 0) : amountOf(cells[position][column * cells.rows + row] ?? 0, cells.min_usd, cells.max_usd);
  return out;
}

export function rowAt(edges: readonly number[], price: number): number {
  let low = 0;
  let high = edges.length - 2;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (price < (edges[middle] ?? 0)) high = middle - 1;
    else if (price >= (edges[middle + 1] ?? 0)) low = middle + 1;
    else return middle;
  }
  return -1;
}
