/** The chart and its side histogram, tied by the crosshair. */

import { useEffect, useRef } from "preact/hooks";
import { columnUsd, type Cells } from "../../model/cells";
import type { Series } from "../../model/columns";
import * as moments from "../../model/moments";
import { HeatChart, type Pointed } from "../../render/heatChart";
import type { LayerChoice } from "../../render/heatImage";
import type { Bubble } from "../../render/heatLayer";
import { drawSide } from "../../render/sideHistogram";
import type { Theme } from "../../render/colours";
import { at, theme, zone } from "../../state";
import type { Book, LargeTrade } from "./heatmapView";

interface Props {
  cells: Cells;
  seconds: number[];
  series: Series;
  panes: readonly string[];
  column: number;
  pointed: Pointed | null;
  onPoint: (at: Pointed | null) => void;
  onPick: (column: number) => void;
  trades: readonly LargeTrade[];
  books: readonly Book[];
  layer: LayerChoice;
  threshold: number;
  shot: { current: (() => HTMLCanvasElement) | null };
}

/** More bubbles than this hide the candles; the largest are kept. */
const MOST_PRINTS = 160;

/** Where a moment lies on the time axis, in columns and parts of them. */
function place(seconds: readonly number[], iso: string): number {
  const s = moments.toMs(iso) / 1000;
  const first = seconds[0] ?? 0;
  const step = seconds.length > 1 ? ((seconds[seconds.length - 1] ?? 0) - first) / (seconds.length - 1) : 1;
  return (s - first) / step - 0.5;
}

function bubblesOf(props: Props, t: Theme): Bubble[] {
  const largest = [...props.cells.head.prints].sort((a, b) => b.notional_usd - a.notional_usd).slice(0, MOST_PRINTS);
  const prints = largest.map((p): Bubble => ({ column: place(props.seconds, p.time), price: p.price, usd: p.notional_usd, colour: p.liquidated === "long" ? t.long : t.short, shape: "circle" }));
  const trades = [...props.trades].sort((a, b) => b.usd - a.usd).slice(0, MOST_PRINTS / 2).map((x): Bubble => ({ column: place(props.seconds, x.time), price: x.price, usd: x.usd, colour: x.taker_side === "sell" ? t.warning : x.taker_side === "buy" ? t.cumulative_long : t.muted, shape: "diamond" }));
  return [...prints, ...trades];
}

function bounds(cells: Cells, reach: string): [number, number] {
  const edges = cells.head.price_edges;
  const whole: [number, number] = [edges[0] ?? 0, edges[edges.length - 1] ?? 1];
  const part = Number.parseFloat(reach) / 100;
  if (!Number.isFinite(part)) return whole;
  return [Math.max(whole[0], cells.head.price * (1 - part)), Math.min(whole[1], cells.head.price * (1 + part))];
}

export function HeatBoard(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const side = useRef<HTMLCanvasElement>(null);
  const chart = useRef<HeatChart | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const t = theme.value;
  const amounts = useRef<{ cells: Cells; column: number; long: Float64Array; short: Float64Array } | null>(null);
  const frame = useRef(0);
  const drawNow = (): void => {
    frame.current = 0;
    const { cells, column, pointed, layer, books } = latest.current;
    const c = Math.min(pointed?.column ?? column, column);
    let held = amounts.current;
    if (held?.cells !== cells || held.column !== c) held = amounts.current = { cells, column: c, long: columnUsd(cells, c, "long"), short: columnUsd(cells, c, "short") };
    const book = books.flatMap((b) => [...b.bids.price.map((price, i) => ({ price, usd: b.bids.usd[i] ?? 0, bid: true })), ...b.asks.price.map((price, i) => ({ price, usd: b.asks.usd[i] ?? 0, bid: false }))]);
    if (side.current && chart.current) drawSide(side.current, { theme: theme.value, edges: cells.head.price_edges, long: held.long, short: held.short, layer, toY: chart.current.toY, cursorY: pointed?.y ?? null, book, height: chart.current.mainHeight() });
  };
  /** At most once a frame, whatever asks for it. */
  const redrawSide = (): void => { frame.current ||= requestAnimationFrame(drawNow); };
  useEffect(() => {
    if (!box.current) return;
    const made = new HeatChart(box.current, theme.value, zone.value);
    chart.current = made;
    let pointing = 0;
    let newest: Pointed | null = null;
    made.onPoint = (p) => {
      newest = p;
      pointing ||= requestAnimationFrame(() => { pointing = 0; latest.current.onPoint(newest); });
    };
    made.onPick = (c) => latest.current.onPick(c);
    made.onScale(redrawSide);
    props.shot.current = () => made.picture();
    return () => { cancelAnimationFrame(pointing); cancelAnimationFrame(frame.current); made.remove(); chart.current = null; };
  }, []);
  const shown = useRef<Cells | null>(null);
  useEffect(() => {
    const other = shown.current?.head.asset !== props.cells.head.asset || shown.current?.head.window !== props.cells.head.window || shown.current?.columns !== props.cells.columns;
    chart.current?.show(props.cells, props.seconds, bounds(props.cells, at("range")), other);
    shown.current = props.cells;
  }, [props.cells, at("range")]);
  useEffect(() => chart.current?.look(t, zone.value), [t, zone.value]);
  useEffect(() => chart.current?.paint({ theme: t, layer: props.layer, threshold: props.threshold, logColours: at("colour") === "log" }, at("axis") === "log"), [props.cells, t, props.layer, props.threshold, at("colour"), at("axis")]);
  useEffect(() => {
    const all = bubblesOf(props, t);
    chart.current?.bubbles(all, Math.max(1, ...all.map((b) => b.usd)));
  }, [props.cells, props.trades, t]);
  useEffect(() => chart.current?.lower(props.series, props.panes as ("volume" | "interest" | "funding")[]), [props.series, props.panes.join()]);
  useEffect(() => chart.current?.travel(props.column), [props.column, props.cells]);
  useEffect(redrawSide);
  const keys = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -20, PageUp: 20 }[event.key];
    if (step !== undefined) props.onPick(Math.min(props.cells.columns - 1, Math.max(0, props.column + step)));
    else if (event.key === "+" || event.key === "=") chart.current?.zoom(0.75);
    else if (event.key === "-") chart.current?.zoom(1 / 0.75);
    else return;
    event.preventDefault();
  };
  return (
    <div class="chart-box heat-box">
      <div
        ref={box} class="heat-chart" tabIndex={0} role="slider" aria-label={`levels of ${props.cells.head.asset} over time; arrow keys travel through time`} aria-valuemin={0} aria-valuemax={props.cells.columns - 1}
        aria-valuenow={props.column} aria-valuetext={moments.momentWithUtc(props.cells.head.times[props.column] ?? 0, zone.value)} onKeyDown={keys}
      />
      <div class="heat-side"><canvas ref={side} role="img" aria-label="levels at the moment under the crosshair" /><span class="heat-side-label">levels then</span></div>
    </div>
  );
}
