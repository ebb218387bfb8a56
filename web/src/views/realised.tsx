/** Liquidations that happened: 24-hour panel, every coin, every exchange, the feed, and where in price they were. */

import { useEffect, useState } from "preact/hooks";
import { address } from "../api/client";
import { useResource } from "../api/resource";
import { useStream } from "../api/stream";
import * as moments from "../model/moments";
import * as numbers from "../model/numbers";
import type { Position, Realised, Total } from "../model/schema";
import { asset, at, go, markets, setParams, theme, zone } from "../state";
import { Chips, Figure, Panel, SplitBar } from "../ui/controls";
import { TakeAway } from "../ui/fields";
import { Plot } from "../ui/plot";
import { Loaded, Notes } from "../ui/states";
import { Table } from "../ui/table";
import { MapBoard } from "./map/mapView";

interface FeedPrint { time: string; venue: string; symbol: string; liquidated: Position; price: number; usd: number }
interface AllCoins { coins: Realised[]; missing?: Record<string, string>[] }

const least = (t: Total): string => (t.at_least ? "≥ " : "") + numbers.usd(t.usd);

function Totals(props: { realised: Realised }) {
  const big = props.realised.largest;
  const totals = props.realised.totals.length ? props.realised.totals : (props.realised.exchanges[0]?.totals ?? []);
  return (
    <Panel title={`Liquidated, ${props.realised.asset}`}>
      <div class="figures wide">
        {totals.map((t) => (
          <div class="figure" key={t.hours}>
            <span class="figure-label">{t.hours} h</span>
            <strong data-hours={t.hours} data-usd={t.usd}>{least(t)}</strong>
            <SplitBar long={t.long_usd} short={t.short_usd} />
            <span class="figure-note"><span class="long">longs {numbers.usd(t.long_usd)}</span> · <span class="short">shorts {numbers.usd(t.short_usd)}</span></span>
          </div>
        ))}
        {big && <Figure label="largest in 24 h" tone={big.liquidated} value={numbers.usd(big.usd)} note={`${big.liquidated} at ${numbers.price(big.price)}, ${big.venue} ${big.symbol}, ${moments.dayAndClock(big.time, zone.value)}`} />}
      </div>
      <p class="muted">A liquidated long sells, a liquidated short buys. {props.realised.prints_scope}. ≥ where an exchange publishes only part of its prints or the record has gaps. As of {moments.momentWithUtc(props.realised.as_of, zone.value)}.</p>
    </Panel>
  );
}

function Exchanges(props: { realised: Realised }) {
  const columns = [
    { name: "exchange", text: true, cell: (e: Realised["exchanges"][number]) => e.venue, by: (e: Realised["exchanges"][number]) => e.venue },
    ...(props.realised.exchanges[0]?.totals ?? []).map((t, i) => ({ name: `${t.hours} h`, cell: (e: Realised["exchanges"][number]) => (e.totals[i] ? least(e.totals[i] as Total) : numbers.UNKNOWN), by: (e: Realised["exchanges"][number]) => e.totals[i]?.usd ?? null })),
    { name: "longs of 24 h", cell: (e: Realised["exchanges"][number]) => numbers.share(e.totals.at(-1)?.long_share) },
    { name: "what it publishes", text: true, cell: (e: Realised["exchanges"][number]) => <span class="wrap">{e.censoring}</span> },
  ];
  return <Panel title="By exchange"><Table label="liquidations by exchange" columns={columns} rows={props.realised.exchanges} /></Panel>;
}

function Hours(props: { prints: readonly FeedPrint[] }) {
  const t = theme.value;
  const byHour = new Map<number, { long: number; short: number }>();
  for (const p of props.prints) {
    const hour = Math.floor(moments.toMs(p.time) / 600_000) * 600_000;
    const held = byHour.get(hour) ?? { long: 0, short: 0 };
    held[p.liquidated] += p.usd;
    byHour.set(hour, held);
  }
  const hours = [...byHour.keys()].sort((a, b) => a - b);
  const first = hours[0];
  const last = hours[hours.length - 1];
  if (first === undefined || last === undefined) return null;
  const most = Math.max(1, ...[...byHour.values()].flatMap((h) => [h.long, h.short]));
  const bars = hours.flatMap((h) => [{ from: h, to: h + 600_000, value: byHour.get(h)?.short ?? 0, colour: t.short }, { from: h, to: h + 600_000, value: -(byHour.get(h)?.long ?? 0), colour: t.long }]);
  return <Plot class="short-plot" label="liquidations per ten minutes: shorts up, longs down" picture={{ theme: t, x: { range: [first, last + 600_000], text: (v) => moments.clock(v, zone.value).slice(0, 5) }, y: { range: [-most * 1.08, most * 1.08], text: (v) => numbers.usdTick(Math.abs(v)), label: "USD per 10 min: shorts up, longs down" }, lines: [], bars }} />;
}

function Feed(props: { prints: readonly FeedPrint[] }) {
  return (
    <Table
      label="newest liquidation prints" rows={props.prints.slice(0, 100)}
      columns={[
        { name: "time", text: true, cell: (p) => moments.dayAndClock(p.time, zone.value), by: (p) => p.time },
        { name: "venue", text: true, cell: (p) => p.venue },
        { name: "liquidated", text: true, cell: (p) => <span class={p.liquidated}>{p.liquidated === "long" ? "▼ long, sells" : "▲ short, buys"}</span>, by: (p) => p.liquidated },
        { name: "price", cell: (p) => numbers.price(p.price), by: (p) => p.price },
        { name: "USD", cell: (p) => numbers.usdFull(p.usd), by: (p) => p.usd },
      ]}
    />
  );
}

function Coins(props: { coins: readonly Realised[] }) {
  const last = (c: Realised): Total | undefined => c.totals.at(-1) ?? c.exchanges[0]?.totals.at(-1);
  const first = (c: Realised): Total | undefined => c.totals[0] ?? c.exchanges[0]?.totals[0];
  return (
    <Table
      label="liquidations of all coins" rows={props.coins} sortedBy="24 h" onPick={(c) => go({ asset: c.asset })} picked={(c) => c.asset === asset.value}
      columns={[
        { name: "coin", text: true, cell: (c) => c.asset, by: (c) => c.asset },
        { name: "1 h", cell: (c) => (first(c) ? least(first(c) as Total) : numbers.UNKNOWN), by: (c) => first(c)?.usd ?? null },
        { name: "24 h", cell: (c) => (last(c) ? least(last(c) as Total) : numbers.UNKNOWN), by: (c) => last(c)?.usd ?? null },
        { name: "longs", cell: (c) => <span class="long">{numbers.usd(last(c)?.long_usd)}</span>, by: (c) => last(c)?.long_usd ?? null },
        { name: "balance", cell: (c) => <SplitBar long={last(c)?.long_usd ?? 0} short={last(c)?.short_usd ?? 0} /> },
        { name: "shorts", cell: (c) => <span class="short">{numbers.usd(last(c)?.short_usd)}</span>, by: (c) => last(c)?.short_usd ?? null },
        { name: "largest", cell: (c) => numbers.usd(c.largest?.usd), by: (c) => c.largest?.usd ?? null },
      ]}
    />
  );
}

/** Prints as they happen, before those that were fetched. */
function useFeed(name: string, live: boolean): FeedPrint[] {
  const [fresh, setFresh] = useState<FeedPrint[]>([]);
  useEffect(() => setFresh([]), [name]);
  useStream(live ? { channel: "prints", asset: name } : null, (message) => {
    const prints = (message.data["prints"] as FeedPrint[] | undefined) ?? [];
    setFresh((before) => [...prints].reverse().concat(before).slice(0, 400));
  });
  return fresh;
}

/** New prints first; one that came both ways counts once. */
function joinedFeed(fresh: readonly FeedPrint[], fetched: readonly FeedPrint[]): FeedPrint[] {
  const last = fetched[0]?.time ?? "";
  return [...fresh.filter((p) => p.time > last), ...fetched];
}

export function RealisedView() {
  const fresh = useFeed(asset.value, markets.value?.live === true && !at("as_of"));
  const url = asset.value ? address(`/v1/realised/${asset.value}`, { as_of: at("as_of") }) : null;
  const one = useResource<Realised>(url, asset.value);
  const all = useResource<AllCoins>(address("/v1/realised", { as_of: at("as_of") }));
  const prints = useResource<{ prints: FeedPrint[] }>(asset.value ? address(`/v1/prints/${asset.value}`, { window: "24h", limit: 1000, as_of: at("as_of") }) : null, asset.value);
  return (
    <>
      <div class="toolbar"><Chips label="Part" value={at("part") || "panel"} choices={[{ value: "panel", label: "panel" }, { value: "map", label: "where in price" }]} onChange={(part) => setParams({ part: part === "panel" ? "" : part })} /><TakeAway api={url} /></div>
      {at("part") === "map" ? <MapBoard kind="realised" /> : (
        <>
          <Loaded of={one} what={`liquidations of ${asset.value}`}>{(r) => <><Totals realised={r} /><Exchanges realised={r} /><Notes notes={r.warnings} /></>}</Loaded>
          <div class="two">
            <Panel title={`Feed, ${asset.value}`}><Loaded of={prints} what={`prints of ${asset.value}`}>{(p) => <><Hours prints={joinedFeed(fresh, p.prints)} /><Feed prints={joinedFeed(fresh, p.prints)} /></>}</Loaded></Panel>
            <Panel title="All coins"><Loaded of={all} what="liquidations of other coins">{(a) => <Coins coins={a.coins ?? []} />}</Loaded></Panel>
          </div>
        </>
      )}
    </>
  );
}
