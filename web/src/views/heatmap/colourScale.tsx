/** What a colour is worth in USD, one strip per side, on a log axis from the smallest amount that has a colour. */

import { useEffect, useRef } from "preact/hooks";
import { amountOf, type Cells } from "../../model/cells";
import * as numbers from "../../model/numbers";
import { colourTable, type HeatScale, type Theme } from "../../render/colours";
import { scaleOf, type LayerChoice } from "../../render/heatImage";

interface Props {
  cells: Cells;
  theme: Theme;
  threshold: number;
  logColours: boolean;
  layer: LayerChoice;
}

/** Lowest level that can be told from nothing. */
const first = (scale: HeatScale): number => Math.max(scale.threshold, scale.log ? scale.low : scale.high - Math.round((254 * Math.log(50)) / scale.span));

function paint(canvas: HTMLCanvasElement, ramps: readonly (readonly string[])[], scale: HeatScale): void {
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  const low = first(scale);
  const width = scale.high - low + 1;
  canvas.width = width;
  canvas.height = ramps.length;
  const image = new ImageData(width, ramps.length);
  const words = new Uint32Array(image.data.buffer);
  ramps.forEach((ramp, line) => {
    const table = colourTable(ramp, scale);
    for (let i = 0; i < width; i++) words[line * width + i] = table[low + i] ?? 0;
  });
  ctx.putImageData(image, 0, 0);
}

export function ColourScale(props: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { min_usd, max_usd } = props.cells;
  const scale = scaleOf(props.cells, props);
  const ramps = props.layer === "both" ? [props.theme.heat_long, props.theme.heat_short] : [props.layer === "long" ? props.theme.heat_long : props.theme.heat_short];
  useEffect(() => { if (canvas.current) paint(canvas.current, ramps, scale); });
  const usdOf = (level: number): string => numbers.usd(amountOf(level, min_usd, max_usd));
  const low = first(scale);
  const names = props.layer === "both" ? ["longs", "shorts"] : [`${props.layer}s`];
  return (
    <div class="colour-scale">
      <div class="colour-names">{names.map((n) => <span key={n}>{n}</span>)}</div>
      <div>
        <canvas ref={canvas} role="img" aria-label={`colours of ${names.join(" and ")} from ${usdOf(low)} to ${usdOf(scale.high)} and more per cell`} />
        <div class="colour-marks">{[0, 1 / 3, 2 / 3].map((p) => <span key={p}>{usdOf(Math.round(low + (scale.high - low) * p))}</span>)}<span>≥ {usdOf(scale.high)}</span></div>
      </div>
      <span class="muted">per cell</span>
    </div>
  );
}
