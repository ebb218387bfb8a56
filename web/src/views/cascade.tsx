/** Cascade: drag the price; what is liquidated, what it takes to get there, how far it runs by itself. */

import { useEffect, useRef, useState } from "preact/hooks";
import { address } from "../api/client";
import { useResource } from "../api/resource";
import { onTheWay } from "../model/bars";
import * as numbers from "../model/numbers";
import type { Cascade, LevelMap, Quantiles } from "../model/schema";
import { drawLines, lineGeometry, type LinePicture } from "../render/linePlot";
import type { Theme } from "../render/colours";
import { asset, at, setParams, theme } from "../state";
import { Caption } from "../ui/caption";
import { Chips, Figure, Panel, Select } from "../ui/controls";
import { TakeAway, VenueChips } from "../ui/fields";
import { Plot } from "../ui/plot";
import { Loaded } from "../ui/states";
import { Table } from "../ui/table";

const SHOCKS = ["-10%", "-5%", "-2%", "2%", "5%", "10%"];

const fraction = (shock: string): number => (shock.endsWith("%") ? Number.parseFloat(shock) / 100 : -0.05);

/** What is shown at a dragged price, from the map's own curve and the engine's curve. */
function readout(map: LevelMap, cascade: Cascade | null, price: number) {
  const way = onTheWay(map, price);
  const down = price < map.price;
  const fits = cascade && (cascade.shock.direction === "down") === down;
  const needed = fits ? cascade.shock_needed.find((p) => (down ? p.price <= price : p.price >= price)) : undefined;
  const ratio = fits ? cascade.branching.find((p) => (down ? p.price <= price : p.price >= price)) : undefined;
  return { way, needed: needed?.usd ?? null, ratio: ratio?.ratio ?? null };
}

function picture(map: LevelMap, cascade: Cascade | null, price: number, t: Theme): LinePicture {
  const range: [number, number] = [Math.max(map.bins[0]?.price_low ?? 0, map.price * 0.8), Math.min(map.bins.at(-1)?.price_high ?? map.price * 2, map.price * 1.2)];
  const c = map.cumulative;
  const long = c.price.map((p, i) => [p, p <= map.price ? (c.long_usd[i] ?? 0) : null] as const);
  const short = c.price.map((p, i) => [p, p >= map.price ? (c.short_usd[i] ?? 0) : null] as const);
  const inside = (points: readonly (readonly [number, number | null])[]): number => Math.max(1, ...points.filter(([p]) => p >= range[0] && p <= range[1]).map(([, v]) => v ?? 0));
  const most = Math.max(inside(long), inside(short));
  const needed = (cascade?.shock_needed ?? []).map((p) => [p.price, p.usd] as const);
  const fan = cascade ? [{ from: cascade.reached.p05, to: cascade.reached.p95, colour: t.warning, alpha: 0.13, label: "reached by 90 % of runs" }] : [];
  return {
    theme: t, x: { range, text: (v) => numbers.priceTick(v) }, y: { range: [0, most * 1.08], text: numbers.usdTick, label: "liquidated on the way [USD]" },
    lines: [{ points: long, colour: t.cumulative_long, fill: true }, { points: short, colour: t.cumulative_short, fill: true }],
    ...(needed.length ? { right: { range: [0, inside(needed) * 1.08] as [number, number], text: numbers.usdTick, lines: [{ points: needed, colour: t.warning, dash: [5, 3] }], label: "order needed [USD]" } } : {}),
    stretches: [...fan, ...(cascade?.self_sustaining ?? []).map((s) => ({ from: s.from, to: s.to, colour: t.price, alpha: 0.85, label: "feeds itself", bottom: true }))],
    marks: [{ x: map.price, colour: t.price, text: `price ${numbers.price(map.price)}` }, ...(cascade ? [{ x: cascade.reached.p50, colour: t.warning, text: "median run" }] : []), { x: price, colour: t.text, text: numbers.price(price), strong: true }],
  };
}

function Drag(props: { map: LevelMap; cascade: Cascade | null; price: number; onPrice: (price: number, done: boolean) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const held = useRef(false);
  const p = picture(props.map, props.cascade, props.price, theme.value);
  useEffect(() => { const frame = requestAnimationFrame(() => canvas.current && drawLines(canvas.current, p)); return () => cancelAnimationFrame(frame); });
  useEffect(() => {
    if (!canvas.current) return;
    const watch = new ResizeObserver(() => canvas.current && drawLines(canvas.current, p));
    watch.observe(canvas.current);
    return () => watch.disconnect();
  }, []);
  const at_ = (event: PointerEvent): number => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const g = lineGeometry(box.width, box.height, p);
    return Math.min(p.x.range[1], Math.max(p.x.range[0], g.x.invert(event.clientX - box.left)));
  };
  const keys = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    props.onPrice(props.price + (props.map.price * step) / 500, false);
  };
  const r = readout(props.map, props.cascade, props.price);
  return (
    <canvas
      ref={canvas} class="chart plot drag" tabIndex={0} role="slider" aria-label="Drag the price" aria-valuemin={p.x.range[0]} aria-valuemax={p.x.range[1]} aria-valuenow={props.price}
      aria-valuetext={`${numbers.price(props.price)}: ${numbers.usd(r.way.usd)} of ${r.way.position}s liquidated on the way`} onKeyDown={keys} onKeyUp={() => props.onPrice(props.price, true)}
      onPointerDown={(e) => { held.current = true; (e.currentTarget as HTMLElement).setPointerCapture(e.pointerId); props.onPrice(at_(e), false); }}
      onPointerMove={(e) => { if (held.current) props.onPrice(at_(e), false); }} onPointerUp={(e) => { held.current = false; props.onPrice(at_(e), true); }}
    />
  );
}

const spread = (q: Quantiles, text: (v: number) => string): string => `${text(q.p05)} to ${text(q.p95)}`;

function Result(props: { cascade: Cascade }) {
  const c = props.cascade;
  const t = theme.value;
  const down = c.shock.direction === "down";
  const most = Math.max(...c.exceedance.map((e) => e.liquidated_over_usd), 2);
  const least = Math.min(...c.exceedance.map((e) => e.liquidated_over_usd), most / 10);
  return (
    <>
      <div class="figures wide">
        <Figure label="reached, median run" value={numbers.price(c.reached.p50)} note={`5 to 95 % of runs: ${spread(c.reached, numbers.price)}; the shock alone ${numbers.price(c.reached_by_the_shock_alone.p50)}`} />
        <Figure label={`${down ? "longs" : "shorts"} liquidated`} tone={down ? "long" : "short"} value={numbers.usd(c.liquidated_usd.p50)} note={`${spread(c.liquidated_usd, numbers.usd)}; they ${down ? "sell" : "buy"}`} />
        <Figure label="amplification" value={`${numbers.plain(c.amplification.p50, 2)}×`} note={`${spread(c.amplification, (v) => `${numbers.plain(v, 2)}×`)} of the distance of the shock alone`} />
        <Figure label="funds and backstops take over" value={numbers.usd(c.taken_over_usd.p50)} note={`fund draw ${spread(c.fund_draw_usd, numbers.usd)}; deleveraged ${spread(c.deleveraged_usd, numbers.usd)}`} />
      </div>
      {!c.calibrated && <p class="note">Not calibrated: {c.probabilities_are}. Books: {c.regime.name} ({c.regime.basis}). {c.runs} runs of {numbers.age(c.horizon_s)}.</p>}
      <div class="two">
        <Panel title="Levels in order">
          <Table label="heavy levels outward" rows={c.sequence} columns={[
            { name: "level", cell: (s) => numbers.price(s.price) }, { name: "away", cell: (s) => numbers.change(s.price / c.price - 1, 1) }, { name: "USD there", cell: (s) => numbers.usd(s.usd) },
            { name: "runs that reach it", cell: (s) => numbers.share(s.probability) }, { name: "sturdy to fragile books", cell: (s) => `${numbers.share(Math.min(...s.band))}–${numbers.share(Math.max(...s.band))}` }, { name: "go on", cell: (s) => numbers.share(s.then_next) }, { name: "liquidated then", cell: (s) => numbers.usd(s.liquidated_if_reached_usd) },
          ]} />
        </Panel>
        <Panel title="How much, how often">
          <Plot class="short-plot" label="share of runs in which more than an amount is liquidated" picture={{ theme: t, x: { range: [least, most], log: true, text: numbers.usdTick, label: "liquidated over" }, y: { range: [0, 1.05], text: (v) => numbers.share(v), label: "share of runs" }, lines: [{ points: c.exceedance.map((e) => [e.liquidated_over_usd, e.probability] as const), colour: down ? t.long : t.short, fill: true }, ...[0, 1].map((i) => ({ points: c.exceedance.map((e) => [e.liquidated_over_usd, e.band[i] ?? null] as const), colour: t.muted, width: 1, dash: [3, 3] }))] }} />
        </Panel>
      </div>
      <Panel title="By venue">
        <Table label="cascade by venue" rows={Object.entries(c.by_venue)} columns={[
          { name: "venue", text: true, cell: ([v]) => v }, { name: "in the map on that side", cell: ([, v]) => numbers.usd(v.fuel_usd) }, { name: "depth within 1 %, before the factor", cell: ([, v]) => numbers.usd(v.depth_1_percent_usd) },
          { name: "liquidated, median", cell: ([, v]) => numbers.usd(v.liquidated_usd.p50) }, { name: "5 to 95 %", cell: ([, v]) => spread(v.liquidated_usd, numbers.usd) }, { name: "through the book", cell: ([, v]) => numbers.usd(v.sold_to_book_usd.p50) },
        ]} />
      </Panel>
    </>
  );
}

export function CascadeView() {
  const query = { window: at("window") === "7d" ? "" : at("window"), as_of: at("as_of"), venues: at("venues") };
  const map = useResource<LevelMap>(asset.value ? address(`/v1/map/${asset.value}`, { ...query, window: at("window"), range: "22%", bins: 300 }) : null, asset.value);
  const url = asset.value ? address(`/v1/cascade/${asset.value}`, { ...query, shock: at("shock"), stress: at("books"), depth: at("depth") }) : null;
  const cascade = useResource<Cascade>(url, asset.value);
  const [dragged, setDragged] = useState<number | null>(null);
  useEffect(() => setDragged(null), [at("shock"), asset.value]);
  return (
    <>
      <div class="toolbar" role="toolbar" aria-label="Which shock">
        <Chips label="Shock" value={at("shock")} choices={SHOCKS.map((s) => ({ value: s, label: `${Number.parseFloat(s) > 0 ? "+" : "−"}${Math.abs(Number.parseFloat(s))} %`, title: "how far the shock itself moves the price" }))} onChange={(shock) => setParams({ shock })} />
        <Select label="books" value={at("books")} choices={[["", "calm (fitted)"], ["stress", "stress (assumed)"], ["october-2025", "October 2025 (assumed)"], ["visible", "as seen (naive)"]].map(([value = "", label = ""]) => ({ value, label }))} onChange={(books) => setParams({ books })} />
        <Select label="depth" value={at("depth")} choices={[["", "recorded books"], ["20M", "assume 20 M within 1 %"], ["100M", "assume 100 M within 1 %"], ["300M", "assume 300 M within 1 %"]].map(([value = "", label = ""]) => ({ value, label }))} onChange={(depth) => setParams({ depth })} />
        <VenueChips />
        <TakeAway api={url} />
      </div>
      <Loaded of={map} what={`map of ${asset.value}`} kind="chart">
        {(m) => {
          const price = dragged ?? m.price * (1 + fraction(at("shock")));
          const r = readout(m, cascade.data, price);
          return (
            <Panel title="Drag the price">
              <div class="figures wide" data-testid="cascade-readout">
                <Figure label="price there" value={numbers.price(price)} note={numbers.change(price / m.price - 1)} />
                <Figure tone={r.way.position} label={`${r.way.position}s liquidated on the way`} value={numbers.usd(r.way.usd)} note={`${numbers.usdFull(r.way.usd)}; they ${r.way.position === "long" ? "sell" : "buy"}`} />
                <Figure label="order needed to get there" value={numbers.usd(r.needed)} note={r.needed === null ? (cascade.data ? "beyond the recorded book, or the other side of the shock" : "needs an order book") : "net market order, forced orders on the way help"} />
                <Figure label="feeds itself" value={r.ratio === null ? numbers.UNKNOWN : `${numbers.plain(r.ratio, 2)}×`} note="forced USD per USD of depth there; above 1 a move goes on by itself" />
              </div>
              <Drag map={m} cascade={cascade.data} price={price} onPrice={(p, done) => { setDragged(p); if (done && Math.abs(p / m.price - 1) > 0.001) setParams({ shock: `${((p / m.price - 1) * 100).toFixed(2)}%` }, true); }} />
              <Caption head={m} />
            </Panel>
          );
        }}
      </Loaded>
      <Loaded of={cascade} what="cascade">{(c) => <Result cascade={c} />}</Loaded>
    </>
  );
}
