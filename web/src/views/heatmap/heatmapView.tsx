/** The heatmap: levels over time under the candles, with time travel, a side histogram and panes below. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { address, getHeatmap } from "../../api/client";
import { useResource } from "../../api/resource";
import { amountOf, cellUsd, columnUsd, rowAt, type Cells } from "../../model/cells";
import { columnSeconds, onColumns } from "../../model/columns";
import { windowMs } from "../../model/moments";
import * as moments from "../../model/moments";
import * as numbers from "../../model/numbers";
import type { Candles, Position } from "../../model/schema";
import { columnCsv } from "../../model/tables";
import type { Pointed } from "../../render/heatChart";
import type { LayerChoice } from "../../render/heatImage";
import { asset, at, isFile, setParams, theme, zone } from "../../state";
import { Caption, captionLines } from "../../ui/caption";
import { Chips, ManyChips, Select, Slider, Toggle } from "../../ui/controls";
import { copyPicture, saveCsv } from "../../ui/copy";
import { LeverageSelect, TakeAway, VenueChips, WindowChips } from "../../ui/fields";
import { Empty, Skeleton } from "../../ui/states";
import { mapQuery } from "../map/mapView";
import { HeatBoard } from "./heatBoard";
import { ColourScale } from "./colourScale";
import { TimeTravel } from "./timeTravel";

export interface LargeTrade { time: string; venue: string; price: number; usd: number; taker_side: "buy" | "sell" | null }
export interface Book { venue: string; bids: { price: number[]; usd: number[] }; asks: { price: number[]; usd: number[] } }
export interface Row { long_usd: number; short_usd: number; position: Position }

const SIZES: Record<string, [number, number]> = { low: [200, 160], normal: [400, 300], high: [1000, 500] };
const PANES = [{ value: "volume", label: "volume" }, { value: "interest", label: "open interest" }, { value: "funding", label: "funding" }];

/** Candles at most about as fine as the heatmap's columns. */
function candleInterval(window: string, columns: number): string {
  const minutes = windowMs(window) / 60_000 / columns;
  return ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "12h", "1d"].reverse().find((i) => windowMs(i) / 60_000 <= minutes) ?? "1m";
}

function Controls(props: { cells: Cells | null }) {
  const cells = props.cells;
  const threshold = Number(at("threshold")) || 1;
  return (
    <div class="toolbar" role="toolbar" aria-label="What the heatmap shows">
      {!isFile && <WindowChips />}
      <Select label="reach" value={at("range")} choices={["5%", "10%", "15%", "30%", "all"].map((r) => ({ value: r, label: r === "all" ? "all" : `±${r}` }))} onChange={(range) => setParams({ range })} />
      <Chips label="Sides" value={at("layer")} choices={[{ value: "both", label: "both" }, { value: "long", label: "longs" }, { value: "short", label: "shorts" }]} onChange={(layer) => setParams({ layer })} />
      <Slider label="hide below" min={1} max={240} value={threshold} text={cells ? numbers.usd(threshold <= 1 ? 0 : amountOf(threshold, cells.min_usd, cells.max_usd)) : "…"} onInput={(v) => setParams({ threshold: v <= 1 ? "" : String(v) }, true)} />
      {!isFile && <LeverageSelect />}
      {!isFile && <Select label="kind" value={at("kind")} choices={[{ value: "modelled", label: "modelled" }, { value: "measured", label: "measured" }]} onChange={(kind) => setParams({ kind })} />}
      {!isFile && <Select label="cells" value={at("cells") || "normal"} choices={Object.entries(SIZES).map(([value, [c, r]]) => ({ value, label: `${c} × ${r}` }))} onChange={(v) => setParams({ cells: v === "normal" ? "" : v })} />}
      <Toggle label="log price" on={at("axis") === "log"} onChange={(on) => setParams({ axis: on ? "log" : "linear" })} />
      <Toggle label="log colours" on={at("colour") === "log"} title="spread colours evenly over sizes, or let only the largest stand out" onChange={(on) => setParams({ colour: on ? "log" : "linear" })} />
      {!isFile && <Toggle label="large trades" on={at("trades") === "on"} title="mark the largest recorded trades" onChange={(on) => setParams({ trades: on ? "on" : "" })} />}
      {!isFile && <Toggle label="book" on={at("book") === "on"} title="the newest recorded order books beside the levels" onChange={(on) => setParams({ book: on ? "on" : "" })} />}
      {!isFile && <ManyChips label="Panes" choices={PANES} values={at("panes").split(",").filter(Boolean)} onChange={(panes) => setParams({ panes: panes.join(",") })} />}
      {!isFile && <VenueChips />}
    </div>
  );
}

function Readout(props: { cells: Cells; pointed: Pointed | null; column: number; candles: ReturnType<typeof onColumns> }) {
  const { cells, pointed } = props;
  const column = pointed?.column ?? props.column;
  const candle = cells.head.candles[column];
  const row = pointed?.price != null ? rowAt(cells.head.price_edges, pointed.price) : -1;
  const here = row >= 0 ? cellUsd(cells, column, row) : null;
  return (
    <dl class="readout" data-testid="readout">
      <div><dt>as of</dt><dd>{cells.head.times[column] ? moments.dayAndClock(cells.head.times[column] ?? 0, zone.value) : numbers.UNKNOWN}</dd></div>
      <div><dt>O H L C</dt><dd>{candle ? [candle.open, candle.high, candle.low, candle.close].map(numbers.price).join(" ") : numbers.UNKNOWN}</dd></div>
      <div><dt>volume</dt><dd>{numbers.usd(props.candles.volume_usd[column])}</dd></div>
      <div><dt>open interest</dt><dd>{numbers.usd(props.candles.open_interest_usd[column])}</dd></div>
      <div><dt>funding 8 h</dt><dd>{numbers.change(props.candles.funding_rate_8h[column], 4)}</dd></div>
      <div class="readout-here"><dt>{row >= 0 ? `levels ${numbers.price(cells.head.price_edges[row])}–${numbers.price(cells.head.price_edges[row + 1])}` : "levels under the pointer"}</dt><dd data-row={row} data-column={column}>{here ? (here.long_usd >= here.short_usd ? `longs ${numbers.usd(here.long_usd)}` : `shorts ${numbers.usd(here.short_usd)}`) : numbers.UNKNOWN}</dd></div>
    </dl>
  );
}

function travelled(cells: Cells, moment: string): number {
  const wanted = moment ? moments.toMs(moment) : Number.NaN;
  if (!Number.isFinite(wanted)) return cells.columns - 1;
  let best = 0;
  cells.head.times.forEach((t, i) => { if (moments.toMs(t) <= wanted) best = i; });
  return best;
}

function Filled(props: { cells: Cells; url: string; loading: boolean }) {
  const { cells, url } = props;
  const seconds = useMemo(() => columnSeconds(cells.head), [cells]);
  const here = { window: at("window"), as_of: at("as_of"), venues: at("venues") };
  const candles = useResource<Candles>(isFile ? null : address(`/v1/candles/${asset.value}`, { ...here, interval: candleInterval(at("window"), cells.columns) }), asset.value);
  const trades = useResource<{ trades: LargeTrade[] }>(!isFile && at("trades") === "on" ? address(`/v1/trades/${asset.value}`, { ...here, min_usd: 250_000, limit: 2000 }) : null, asset.value);
  const book = useResource<{ books: Book[] }>(!isFile && at("book") === "on" ? address(`/v1/depth/${asset.value}`, { as_of: at("as_of") }) : null, asset.value);
  const series = useMemo(() => onColumns(cells.head, candles.data), [cells, candles.data]);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const column = travelled(cells, at("t"));
  const setColumn = (c: number): void => setParams({ t: c >= cells.columns - 1 ? "" : (cells.head.times[c] ?? "") }, true);
  const shot = useRef<(() => HTMLCanvasElement) | null>(null);
  const name = `liqatlas-heatmap-${cells.head.asset}-${cells.head.window}`;
  const missing = [trades.error && `large trades: ${trades.error.message}`, book.error && `book: ${book.error.message}`, candles.error && `panes: ${candles.error.message}`].filter(Boolean);
  return (
    <div class={props.loading ? "loading" : ""} aria-busy={props.loading}>
      <Readout cells={cells} pointed={pointed} column={column} candles={series} />
      <HeatBoard
        cells={cells} seconds={seconds} series={series} panes={(at("panes") || "volume,interest,funding").split(",")} column={column} pointed={pointed} onPoint={setPointed} onPick={setColumn}
        trades={trades.data?.trades ?? []} books={book.data?.books ?? []} layer={at("layer") as LayerChoice} threshold={Number(at("threshold")) || 1} shot={shot}
      />
      <div class="under">
        <ColourScale cells={cells} theme={theme.value} threshold={Number(at("threshold")) || 1} logColours={at("colour") === "log"} layer={at("layer") as LayerChoice} />
        <TakeAway api={url} onCsv={() => saveCsv(columnCsv(cells.head, column, columnUsd(cells, column, "long"), columnUsd(cells, column, "short")), name)} onPng={() => shot.current && copyPicture(shot.current(), captionLines(cells.head), theme.value, name)} />
      </div>
      <TimeTravel cells={cells} column={column} onColumn={setColumn} />
      {missing.map((m) => <p class="note" key={String(m)}>{m}</p>)}
      <Caption head={cells.head}>{cells.head.prints.length === 0 && <span class="tag">no prints recorded in this window</span>}</Caption>
    </div>
  );
}

export function HeatmapView() {
  const kind = at("kind") === "realised" ? "modelled" : at("kind");
  const size = SIZES[at("cells") || (window.innerWidth < 600 ? "low" : "normal")] ?? [400, 300];
  const { quantity: _, ...query } = mapQuery();
  const url = asset.value ? address(`/v1/heatmap/${asset.value}`, { ...query, kind, columns: size[0], rows: size[1] }) : null;
  const answer = useResource<Cells>(url, `${asset.value}|${kind}`, getHeatmap);
  useEffect(() => { document.title = `${asset.value} heatmap · liqatlas`; }, [asset.value]);
  return (
    <>
      <Controls cells={answer.data} />
      {answer.data && url ? <Filled cells={answer.data} url={url} loading={answer.loading} /> : answer.error && !answer.loading ? <div class="chart-box heat-box"><Empty error={answer.error} what={`${kind} heatmap of ${asset.value}`} onRetry={answer.reload} /></div> : <><dl class="readout" /><Skeleton label="heatmap" kind="chart" /></>}
    </>
  );
}
