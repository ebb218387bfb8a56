/** The map on its canvas, with pointer, touch and keyboard. Says what is pointed at; decides nothing about data. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { binAt, onTheWay, zoneOf, type Layer, type Zone } from "../../model/bars";
import * as numbers from "../../model/numbers";
import type { Cluster, LevelMap } from "../../model/schema";
import type { Theme } from "../../render/colours";
import { drawMap, mapGeometry, type MapPicture } from "../../render/mapPlot";
import { Tooltip } from "./tooltip";

export interface MapChartProps {
  map: LevelMap;
  /** Newer than the map, where rows arrive now; the curves begin at the map's own price. */
  livePrice: number | null;
  layers: readonly Layer[];
  colours: readonly string[];
  theme: Theme;
  range: [number, number];
  logPrice: boolean;
  logBars: boolean;
  relative: boolean;
  curves: boolean;
  clusters: readonly Cluster[];
  zone: Zone | null;
  onZone: (zone: Zone | null) => void;
  onRange: (range: [number, number] | null) => void;
  canvasRef: { current: HTMLCanvasElement | null };
  label: string;
}

interface Gesture {
  startX: number;
  startPrice: number;
  pinch: number | null;
  range: [number, number];
  moved: boolean;
}

const clampRange = (low: number, high: number, price: number): [number, number] => [Math.max(price * 0.02, low), Math.max(low * 1.0005, high)];

export function zoomed(range: [number, number], about: number, factor: number, price: number): [number, number] {
  return clampRange(about - (about - range[0]) * factor, about + (range[1] - about) * factor, price);
}

function useSize(canvas: { current: HTMLCanvasElement | null }): [number, number] {
  const [size, setSize] = useState<[number, number]>([0, 0]);
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setSize([element.clientWidth, element.clientHeight]));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return size;
}

/** Brush and pinch on one element; mouse, pen and fingers alike. */
function useGestures(props: MapChartProps, size: [number, number], brush: (at: { from: number; to: number } | null) => void, point: (price: number | null) => void) {
  const gesture = useRef<Gesture | null>(null);
  const fingers = useRef(new Map<number, number>());
  const geometry = () => mapGeometry(size[0], size[1], props.range, props.logPrice);
  const priceAt = (event: PointerEvent | WheelEvent | MouseEvent): number => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const g = geometry();
    return g.x.invert(Math.min(g.right - 0.01, Math.max(g.left, event.clientX - box.left)));
  };
  const spread = (): number | null => {
    const [a, b] = [...fingers.current.values()];
    return a !== undefined && b !== undefined ? Math.abs(a - b) : null;
  };
  return {
    priceAt,
    onPointerDown: (event: PointerEvent) => {
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      fingers.current.set(event.pointerId, event.clientX);
      gesture.current = { startX: event.clientX, startPrice: priceAt(event), pinch: spread(), range: props.range, moved: false };
      point(priceAt(event));
    },
    onPointerMove: (event: PointerEvent) => {
      const price = priceAt(event);
      point(price);
      const g = gesture.current;
      if (!g) return;
      fingers.current.set(event.pointerId, event.clientX);
      const now = spread();
      if (g.pinch !== null && now !== null && now > 8) {
        g.moved = true;
        props.onRange(zoomed(g.range, g.startPrice, g.pinch / now, props.map.price));
      } else if (fingers.current.size === 1 && (g.moved || Math.abs(event.clientX - g.startX) > 5)) {
        g.moved = true;
        brush({ from: g.startPrice, to: price });
      }
    },
    onPointerUp: (event: PointerEvent) => {
      const g = gesture.current;
      fingers.current.delete(event.pointerId);
      if (g && g.pinch === null) {
        const i = binAt(props.map.bins, g.moved ? Math.min(g.startPrice, priceAt(event)) : priceAt(event));
        const j = g.moved ? binAt(props.map.bins, Math.max(g.startPrice, priceAt(event))) : i;
        if (i >= 0 || j >= 0) props.onZone(zoneOf(props.map.bins, i < 0 ? 0 : i, j < 0 ? props.map.bins.length - 1 : j));
      }
      brush(null);
      if (fingers.current.size === 0) gesture.current = null;
    },
    onPointerCancel: () => {
      fingers.current.clear();
      gesture.current = null;
      brush(null);
    },
  };
}

function useKeys(props: MapChartProps, cursor: number | null, setCursor: (price: number | null) => void) {
  const anchor = useRef<number | null>(null);
  return (event: KeyboardEvent): void => {
    const { bins, price } = props.map;
    const here = cursor ?? price;
    const i = Math.max(0, binAt(bins, here));
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (step !== undefined) {
      const j = Math.min(bins.length - 1, Math.max(0, i + step));
      const bin = bins[j];
      if (bin) setCursor((bin.price_low + bin.price_high) / 2);
      anchor.current = event.shiftKey ? (anchor.current ?? i) : null;
      if (event.shiftKey) props.onZone(zoneOf(bins, anchor.current ?? i, j));
    } else if (event.key === "Enter") props.onZone(zoneOf(bins, i, i));
    else if (event.key === "Escape") {
      props.onZone(null);
      setCursor(null);
    } else if (event.key === "+" || event.key === "=") props.onRange(zoomed(props.range, here, 0.75, price));
    else if (event.key === "-") props.onRange(zoomed(props.range, here, 1 / 0.75, price));
    else if (event.key === "Home") props.onRange(null);
    else return;
    event.preventDefault();
  };
}

function readout(props: MapChartProps, cursor: number | null): string {
  if (cursor === null) return `price ${numbers.price(props.map.price)}; arrow keys move along the price`;
  const bin = props.map.bins[binAt(props.map.bins, cursor)];
  if (!bin) return numbers.price(cursor);
  const way = onTheWay(props.map, cursor < props.map.price ? bin.price_low : bin.price_high);
  return `${numbers.price(bin.price_low)} to ${numbers.price(bin.price_high)}: longs ${numbers.usd(bin.long_usd)}, shorts ${numbers.usd(bin.short_usd)}; on the way ${numbers.usd(way.usd)} of ${way.position}s`;
}

export function MapChart(props: MapChartProps) {
  const canvas = props.canvasRef;
  const size = useSize(canvas);
  // colours of the whole map, not of the bin alone: a band looks the same wherever it is pointed at
  const leverages = useMemo(() => [...new Set(props.map.bins.flatMap((b) => Object.keys(b.by_leverage)))], [props.map]);
  const [cursor, setCursor] = useState<number | null>(null);
  const [brush, setBrush] = useState<{ from: number; to: number } | null>(null);
  const gestures = useGestures(props, size, setBrush, setCursor);
  const keys = useKeys(props, cursor, setCursor);
  const picture: MapPicture = {
    ...props, bins: props.map.bins, curve: props.map.cumulative, band: props.map.cumulative_band ?? null, price: props.map.price, line: props.livePrice ?? props.map.price, simulated: props.map.simulated, cursor,
    marks: [
      ...props.clusters.map((c) => ({ low: c.price_low, high: c.price_high, strong: false })),
      ...(props.zone ? [{ low: props.zone.price_low, high: props.zone.price_high, strong: true }] : []),
      ...(brush ? [{ low: Math.min(brush.from, brush.to), high: Math.max(brush.from, brush.to), strong: true }] : []),
    ],
    flags: props.clusters.map((c) => ({ price: c.peak_price, text: "", position: c.position })),
  };
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const frame = requestAnimationFrame(() => drawMap(element, picture));
    return () => cancelAnimationFrame(frame);
  });
  useEffect(() => {
    const element = canvas.current;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      props.onRange(zoomed(props.range, gestures.priceAt(event), Math.exp(event.deltaY * 0.0012), props.map.price));
    };
    element?.addEventListener("wheel", wheel, { passive: false });
    return () => element?.removeEventListener("wheel", wheel);
  });
  return (
    <div class="chart-box map-box">
      <canvas
        ref={canvas} class="chart" tabIndex={0} role="slider" aria-label={props.label} aria-orientation="horizontal" aria-valuemin={props.range[0]} aria-valuemax={props.range[1]}
        aria-valuenow={cursor ?? props.map.price} aria-valuetext={readout(props, cursor)} onKeyDown={keys}
        onPointerDown={gestures.onPointerDown} onPointerMove={gestures.onPointerMove} onPointerUp={gestures.onPointerUp} onPointerCancel={gestures.onPointerCancel}
        onPointerLeave={(e: PointerEvent) => { if (e.pointerType === "mouse") setCursor(null); }} onDblClick={() => { props.onRange(null); props.onZone(null); }}
      />
      {cursor !== null && size[0] > 0 && (
        <Tooltip map={props.map} price={cursor} brush={brush} x={mapGeometry(size[0], size[1], props.range, props.logPrice).x(cursor)} width={size[0]} theme={props.theme} leverages={leverages} />
      )}
    </div>
  );
}
