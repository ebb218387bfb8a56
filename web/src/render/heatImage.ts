/** ONE offscreen image of all levels: a pixel per cell, painted once per change of data, theme or threshold. */

import type { Cells } from "../model/cells";
import { colourTable, heatScale, type HeatScale, type Theme } from "./colours";

export type LayerChoice = "both" | "long" | "short";

export interface HeatLook {
  theme: Theme;
  layer: LayerChoice;
  /** Levels below this one (1..255) stay clear. */
  threshold: number;
  /** Colours spread evenly over the log scale, or only the largest amounts stand out. */
  logColours: boolean;
}

/** The colour scale of these cells under this look; the legend shows the same. */
export function scaleOf(cells: Cells, look: HeatLook): HeatScale {
  const layers = look.layer === "both" ? [cells.long, cells.short] : [cells[look.layer]];
  return heatScale(layers, Math.log(cells.max_usd / cells.min_usd), look.threshold, look.logColours);
}

/** Which row of the cells each line of an image shows that is even in price, or in its logarithm; highest price first. */
function evenRows(edges: readonly number[], lines: number, logPrice: boolean): Int32Array {
  const f = logPrice ? Math.log : (x: number) => x;
  const low = f(edges[0] ?? 0);
  const high = f(edges[edges.length - 1] ?? 1);
  const out = new Int32Array(lines);
  let row = 0;
  for (let line = lines - 1; line >= 0; line--) {
    const at = low + ((high - low) * (lines - 1 - line + 0.5)) / lines;
    while (row < edges.length - 2 && f(edges[row + 1] ?? 0) <= at) row++;
    out[line] = row;
  }
  return out;
}

/** Rows of the cells are seldom even on the price axis: the image is, so that it is drawn at one stroke. */
export function paintHeat(cells: Cells, look: HeatLook, logPrice: boolean): OffscreenCanvas {
  const { columns, rows } = cells;
  const scale = scaleOf(cells, look);
  const long = colourTable(look.theme.heat_long, scale);
  const short = colourTable(look.theme.heat_short, scale);
  const lines = Math.min(2048, rows * 2);
  const from = evenRows(cells.head.price_edges, lines, logPrice);
  const image = new ImageData(columns, lines);
  const pixels = new Uint32Array(image.data.buffer);
  for (let line = 0; line < lines; line++) {
    const row = from[line] ?? 0;
    for (let c = 0; c < columns; c++) {
      const i = c * rows + row;
      const l = look.layer === "short" ? 0 : (cells.long[i] ?? 0);
      const s = look.layer === "long" ? 0 : (cells.short[i] ?? 0);
      pixels[line * columns + c] = (l >= s ? long[l] : short[s]) ?? 0;
    }
  }
  const canvas = new OffscreenCanvas(columns, lines);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}
