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

/** Pixels of a column, also between columns: the library only places whole ones, and they are evenly spaced. */
function axis(place: Place): ((column: number) => number) | null {
  const scale = place.chart.timeScale();
  const first = scale.logicalToCoordinate(0 as Logical);
  const later = scale.logicalToCoordinate(1000 as Logical);
  return first === null || later === null ? null : (column) => first + (column * (later - first)) / 1000;
}

/** One stroke: the image is even in what the price axis is even in. */
class ImageRenderer implements IPrimitivePaneRenderer {
  constructor(private readonly place: Place, private readonly data: HeatData) {}

  draw(target: Target): void {
    const { image, edges, shown } = this.data;
    const x = axis(this.place);
    if (!image || !x || shown < 1) return;
    const left = x(-0.5);
    const right = x(shown - 0.5);
    const bottom = this.place.series.priceToCoordinate(edges[0] ?? 0);
    const top = this.place.series.priceToCoordinate(edges[edges.length - 1] ?? 0);
    if (bottom === null || top === null) return;
    target.useBitmapCoordinateSpace(({ context: ctx, horizontalPixelRatio: h, verticalPixelRatio: v }) => {
      ctx.imageSmoothingEnabled = false;
      ctx.drawImage(image, 0, 0, shown, image.height, left * h, top * v, (right - left) * h, (bottom - top) * v);
    });
  }
}

class BubbleRenderer implements IPrimitivePaneRenderer {
  constructor(private readonly place: Place, private readonly data: HeatData) {}

  draw(target: Target): void {
    const { bubbles, largest, shown, outline } = this.data;
    target.useMediaCoordinateSpace(({ context: ctx, mediaSize }) => {
      const x = axis(this.place);
      if (!x) return;
      for (const b of bubbles) {
        if (b.column > shown) continue;
        const cx = x(b.column);
        const cy = this.place.series.priceToCoordinate(b.price);
        if (cy === null || cx < -20 || cx > mediaSize.width + 20) continue;
        const radius = 1.5 + 12 * Math.sqrt(b.usd / largest);
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
        ctx.globalAlpha = b.shape === "circle" ? 0.75 : 1;
        ctx.strokeStyle = b.shape === "circle" ? outline : b.colour;
        ctx.lineWidth = 1;
        ctx.stroke();
        ctx.globalAlpha = 1;
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
