/** The time chart: candles over one image of levels, panes below. Holds the chart library; takes plain data. */

import {
  CandlestickSeries, CrosshairMode, HistogramSeries, LineSeries, PriceScaleMode, createChart,
  type AutoscaleInfo, type IChartApi, type ISeriesApi, type MouseEventParams, type Time, type UTCTimestamp,
} from "lightweight-charts";
import type { Cells } from "../model/cells";
import type { Series } from "../model/columns";
import * as moments from "../model/moments";
import * as numbers from "../model/numbers";
import type { Theme } from "./colours";
import { HeatLayer, type Bubble } from "./heatLayer";
import { paintHeat, type HeatLook } from "./heatImage";

export interface Pointed {
  column: number;
  price: number | null;
  y: number | null;
}

type PaneName = "volume" | "interest" | "funding";

const PANES: Record<PaneName, { type: "line" | "histogram"; colour: (t: Theme) => string; format: (v: number) => string }> = {
  volume: { type: "histogram", colour: (t) => t.others[1] ?? t.muted, format: numbers.usdTick },
  interest: { type: "line", colour: (t) => t.cumulative_long, format: numbers.usdTick },
  funding: { type: "line", colour: (t) => t.short, format: (v) => numbers.change(v, 3) },
};

export class HeatChart {
  readonly chart: IChartApi;
  private readonly candles: ISeriesApi<"Candlestick", Time>;
  private readonly layer = new HeatLayer();
  private readonly panes = new Map<PaneName, ISeriesApi<"Line" | "Histogram", Time>>();
  private seconds: number[] = [];
  private cells: Cells | null = null;
  private bounds: [number, number] | null = null;
  onPoint: (at: Pointed | null) => void = () => undefined;
  onPick: (column: number) => void = () => undefined;

  constructor(box: HTMLElement, private theme: Theme, private zone: string) {
    this.chart = createChart(box, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11 },
      crosshair: { mode: CrosshairMode.Normal },
      rightPriceScale: { minimumWidth: 64 },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 2, minBarSpacing: 0.1 },
    });
    this.candles = this.chart.addSeries(CandlestickSeries, {
      priceLineVisible: false, lastValueVisible: true,
      priceFormat: { type: "custom", formatter: numbers.price, minMove: 0.0001 },
      autoscaleInfoProvider: (original: () => AutoscaleInfo | null) => this.autoscale(original()),
    });
    this.candles.attachPrimitive(this.layer);
    this.chart.subscribeCrosshairMove((event) => this.pointed(event));
    this.chart.subscribeClick((event) => { if (event.logical !== undefined) this.onPick(this.column(event)); });
    this.look(theme, zone);
  }

  private autoscale(own: AutoscaleInfo | null): AutoscaleInfo | null {
    if (!this.bounds) return own;
    const range = own?.priceRange;
    return { priceRange: { minValue: Math.min(this.bounds[0], range?.minValue ?? this.bounds[0]), maxValue: Math.max(this.bounds[1], range?.maxValue ?? this.bounds[1]) } };
  }

  private column(event: MouseEventParams): number {
    return Math.min(this.seconds.length - 1, Math.max(0, Math.round(event.logical ?? 0)));
  }

  private pointed(event: MouseEventParams): void {
    if (!event.point || event.logical === undefined) return this.onPoint(null);
    const inside = (event.paneIndex ?? 0) === 0;
    this.onPoint({ column: this.column(event), price: inside ? this.candles.coordinateToPrice(event.point.y) : null, y: inside ? event.point.y : null });
  }

  look(theme: Theme, zone: string): void {
    this.theme = theme;
    this.zone = zone;
    this.chart.applyOptions({
      layout: { background: { color: theme.panel }, textColor: theme.muted, panes: { separatorColor: theme.grid, separatorHoverColor: theme.grid } },
      grid: { vertLines: { visible: false }, horzLines: { visible: false } },
      rightPriceScale: { borderColor: theme.grid },
      timeScale: { borderColor: theme.grid, tickMarkFormatter: (time: Time, kind: number) => (kind <= 2 ? moments.day(Number(time) * 1000, this.zone) : moments.clock(Number(time) * 1000, this.zone).slice(0, 5)) },
      localization: { timeFormatter: (time: Time) => `${moments.dayAndClock(Number(time) * 1000, this.zone)} ${moments.zoneName(this.zone)}` },
    });
    this.candles.applyOptions({ upColor: theme.up, downColor: theme.down, borderUpColor: theme.candle_edge, borderDownColor: theme.candle_edge, wickUpColor: theme.candle_edge, wickDownColor: theme.candle_edge });
    for (const [name, series] of this.panes) series.applyOptions({ color: PANES[name].colour(theme) });
  }

  /** Another heatmap: candles, bounds of the price axis, the whole window in view. */
  show(cells: Cells, seconds: number[], bounds: [number, number], fit: boolean): void {
    this.cells = cells;
    this.seconds = seconds;
    this.bounds = bounds;
    this.layer.show({ edges: cells.head.price_edges });
    this.travel(cells.columns - 1);
    if (fit) this.chart.timeScale().fitContent();
  }

  paint(look: HeatLook, logPrice: boolean): void {
    this.chart.priceScale("right").applyOptions({ mode: logPrice ? PriceScaleMode.Logarithmic : PriceScaleMode.Normal });
    if (this.cells) this.layer.show({ image: paintHeat(this.cells, look, logPrice), outline: look.theme.text });
  }

  bubbles(bubbles: readonly Bubble[], largest: number): void {
    this.layer.show({ bubbles, largest });
  }

  /** Show everything as of a column: later candles and levels are not there yet. */
  travel(column: number): void {
    const cells = this.cells;
    if (!cells) return;
    this.candles.setData(this.seconds.map((s, i) => {
      const c = cells.head.candles[i];
      const time = s as UTCTimestamp;
      return c && i <= column ? { time, open: c.open, high: c.high, low: c.low, close: c.close } : { time };
    }));
    this.layer.show({ shown: column + 1 });
  }

  /** Panes below the candles, in this order; a pane without data is not made. */
  lower(series: Series, names: readonly PaneName[]): void {
    for (const held of this.panes.values()) this.chart.removeSeries(held);
    this.panes.clear();
    const values: Record<PaneName, (number | null)[]> = { volume: series.volume_usd, interest: series.open_interest_usd, funding: series.funding_rate_8h };
    for (const name of names.filter((n) => values[n].some((v) => v !== null && v !== 0))) {
      const pane = PANES[name];
      const options = { color: pane.colour(this.theme), priceLineVisible: false, lastValueVisible: true, lineWidth: 1 as const, priceFormat: { type: "custom" as const, formatter: pane.format, minMove: 1e-8 } };
      const made = pane.type === "line" ? this.chart.addSeries(LineSeries, options, this.panes.size + 1) : this.chart.addSeries(HistogramSeries, options, this.panes.size + 1);
      (made as ISeriesApi<"Line", Time>).setData(series.seconds.map((s, i) => { const value = values[name][i]; const time = s as UTCTimestamp; return value === null || value === undefined ? { time } : { time, value }; }));
      this.panes.set(name, made as ISeriesApi<"Line" | "Histogram", Time>);
    }
    this.chart.panes().forEach((pane, i) => pane.setStretchFactor(i === 0 ? 6 : 1));
  }

  toY = (price: number): number | null => this.candles.priceToCoordinate(price);

  mainHeight(): number {
    return this.chart.panes()[0]?.getHeight() ?? 0;
  }

  onScale(callback: () => void): void {
    this.chart.timeScale().subscribeVisibleLogicalRangeChange(callback);
    this.chart.timeScale().subscribeSizeChange(callback);
  }

  zoom(factor: number): void {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    if (!range) return;
    const middle = (range.from + range.to) / 2;
    const half = ((range.to - range.from) / 2) * factor;
    this.chart.timeScale().setVisibleLogicalRange({ from: middle - half, to: middle + half });
  }

  picture(): HTMLCanvasElement {
    return this.chart.takeScreenshot();
  }

  remove(): void {
    this.chart.remove();
  }
}
