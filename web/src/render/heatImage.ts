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

export function paintHeat(cells: Cells, look: HeatLook): OffscreenCanvas {
  const { columns, rows } = cells;
  const scale = scaleOf(cells, look);
  const long = colourTable(look.theme.heat_long, scale);
  const short = colourTable(look.theme.heat_short, scale);
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let c = 0; c < columns; c++) {
    for (let r = 0; r < rows; r++) {
      const i = c * rows + r;
      const l = look.layer === "short" ? 0 : (cells.long[i] ?? 0);
      const s = look.layer === "long" ? 0 : (cells.short[i] ?? 0);
      // the image's first line is the highest price
      pixels[(rows - 1 - r) * columns + c] = (l >= s ? long[l] : short[s]) ?? 0;
    }
  }
  const canvas = new OffscreenCanvas(columns, rows);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}
