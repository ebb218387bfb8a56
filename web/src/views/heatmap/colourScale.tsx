/** What a colour is worth in USD, one strip per side. */

import { useEffect, useRef } from "preact/hooks";
import { amountOf, type Cells } from "../../model/cells";
import * as numbers from "../../model/numbers";
import { colourTable, type Theme } from "../../render/colours";
import type { LayerChoice } from "../../render/heatImage";

interface Props {
  cells: Cells;
  theme: Theme;
  threshold: number;
  logColours: boolean;
  layer: LayerChoice;
}

function paint(canvas: HTMLCanvasElement, ramps: readonly (readonly string[])[], props: Props): void {
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  canvas.width = 255;
  canvas.height = ramps.length;
  const image = new ImageData(255, ramps.length);
  const words = new Uint32Array(image.data.buffer);
  ramps.forEach((ramp, line) => {
    const table = colourTable(ramp, props.threshold, props.logColours);
    for (let i = 0; i < 255; i++) words[line * 255 + i] = table[i + 1] ?? 0;
  });
  ctx.putImageData(image, 0, 0);
}

export function ColourScale(props: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { min_usd, max_usd } = props.cells;
  const ramps = props.layer === "both" ? [props.theme.heat_long, props.theme.heat_short] : [props.layer === "long" ? props.theme.heat_long : props.theme.heat_short];
  useEffect(() => { if (canvas.current) paint(canvas.current, ramps, props); });
  return (
    <div class="colour-scale">
      <span class="muted">USD per cell</span>
      <div>
        <canvas ref={canvas} role="img" aria-label={`colours from ${numbers.usd(min_usd)} to ${numbers.usd(max_usd)} per cell; ${props.layer === "both" ? "upper strip longs, lower strip shorts" : props.layer}`} />
        <div class="colour-marks">{[1, 64, 128, 192, 255].map((l) => <span key={l}>{numbers.usd(amountOf(l, min_usd, max_usd))}</span>)}</div>
      </div>
      <span class="muted">{props.layer === "both" ? "above longs, below shorts" : `${props.layer}s`}</span>
    </div>
  );
}
