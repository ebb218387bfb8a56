/** The layer below the candles: the image of levels; the layer above: prints and large trades. */

import type { IChartApi, IPrimitivePaneRenderer, IPrimitivePaneView, ISeriesApi, ISeriesPrimitive, Logical, PrimitivePaneViewZOrder, SeriesAttachedParameter, Time } from "lightweight-charts";

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];

export interface Bubble {
  column: number; // fractional place on the time axis
  price: number;
  usd: number;
  colour: string;
  shape: "circle" | "diamond";
}

export interface HeatData {
  image: OffscreenCanvas | null;
  edges: readonly number[];
  /** Columns that are shown; later ones are the future of a travelled moment. */
  shown: number;
  bubbles: readonly Bubble[];
  /** Radius 14 px stands for this much. */
  largest: number;
  outline: string;
  veil: string;
}

type Place = { chart: IChartApi; series: ISeriesApi<"Candlestick", Time> };

const x = (place: Place, column: number): number | null => place.chart.timeScale().logicalToCoordinate(column as Logical);

/** Draw the image in as few strips as the price axis' curvature allows: one when linear, 24 when logarithmic. */
class ImageRenderer implements IPrimitivePaneRenderer {
  constructor(private readonly place: Place, private readonly data: HeatData) {}

  draw(target: Target): void {
    const { image, edges, shown } = this.data;
    if (!image || shown < 1) return;
    const left = x(this.place, -0.5);
    const right = x(this.place, image.width - 0.5);
    if (left === null || right === null) return;
    target.useBitmapCoordinateSpace(({ context: ctx, horizontalPixelRatio: h, verticalPixelRatio: v }) => {
      ctx.imageSmoothingEnabled = false;
      const rows = image.height;
      const width = ((right - left) * h * shown) / image.width;
      const strips = this.place.series.priceScale().options().mode === 1 ? Math.min(24, rows) : 1;
      for (let s = 0; s < strips; s++) {
        const from = Math.floor((s * rows) / strips);
        const to = Math.floor(((s + 1) * rows) / strips);
        const bottom = this.place.series.priceToCoordinate(edges[from] ?? 0);
        const top = this.place.series.priceToCoordinate(edges[to] ?? 0);
        if (bottom === null || top === null) continue;
        ctx.drawImage(image, 0, rows - to, shown, to - from, left * h, top * v, width, (bottom - top) * v);
      }
    });
  }
}

class BubbleRenderer implements IPrimitivePaneRenderer {
  constructor(private readonly place: Place, private readonly data: HeatData) {}

  draw(target: Target): void {
    const { bubbles, largest, shown, outline } = this.data;
    target.useMediaCoordinateSpace(({ context: ctx, mediaSize }) => {
      for (const b of bubbles) {
        if (b.column > shown) continue;
        const cx = x(this.place, b.column);
        const cy = this.place.series.priceToCoordinate(b.price);
        if (cx === null || cy === null || cx < -20 || cx > mediaSize.width + 20) continue;
        const radius = 2 + 12 * Math.sqrt(b.usd / largest);
        ctx.beginPath();
        if (b.shape === "circle") ctx.arc(cx, cy, radius, 0, Math.PI * 2);
        else {
          ctx.moveTo(cx, cy - radius);
          ctx.lineTo(cx + radius, cy);
          ctx.lineTo(cx, cy + radius);
          ctx.lineTo(cx - radius, cy);
          ctx.closePath();
        }
        ctx.globalAlpha = b.shape === "circle" ? 0.6 : 0.25;
        ctx.fillStyle = b.colour;
        ctx.fill();
        ctx.globalAlpha = 1;
        ctx.strokeStyle = b.shape === "circle" ? outline : b.colour;
        ctx.lineWidth = 1;
        ctx.stroke();
      }
    });
  }
}

class View implements IPrimitivePaneView {
  constructor(private readonly order: PrimitivePaneViewZOrder, private readonly make: () => IPrimitivePaneRenderer) {}

  zOrder(): PrimitivePaneViewZOrder {
    return this.order;
  }

  renderer(): IPrimitivePaneRenderer {
    return this.make();
  }
}

export class HeatLayer implements ISeriesPrimitive<Time> {
  private place: Place | null = null;
  private views: readonly IPrimitivePaneView[] = [];
  private redraw: () => void = () => undefined;
  data: HeatData = { image: null, edges: [], shown: 0, bubbles: [], largest: 1, outline: "", veil: "" };

  attached(at: SeriesAttachedParameter<Time>): void {
    const place = { chart: at.chart as IChartApi, series: at.series as ISeriesApi<"Candlestick", Time> };
    this.place = place;
    this.redraw = at.requestUpdate;
    this.views = [new View("bottom", () => new ImageRenderer(place, this.data)), new View("top", () => new BubbleRenderer(place, this.data))];
  }

  detached(): void {
    this.place = null;
    this.views = [];
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.place ? this.views : [];
  }

  show(change: Partial<HeatData>): void {
    this.data = { ...this.data, ...change };
    this.redraw();
  }
}
