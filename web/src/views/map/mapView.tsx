/** The map: bars over price, curves outward, what is pointed at, what is heavy nearby. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { address, getJson, holds, type Query } from "../../api/client";
import { useResource } from "../../api/resource";
import { useLivePrice, useMapNews } from "../../api/stream";
import { binAt, stack, stackByAge, zoneOf, type Layer, type StackBy, type Zone } from "../../model/bars";
import { windowMs } from "../../model/moments";
import * as numbers from "../../model/numbers";
import type { Cluster, Clusters, LevelMap } from "../../model/schema";
import { mapCsv } from "../../model/tables";
import { blend, css, leverageColours, venueColours, type Theme } from "../../render/colours";
import { asset, at, isFile, markets, route, setParams, theme } from "../../state";
import { Caption, captionLines } from "../../ui/caption";
import { Chips, Select, Swatch, Toggle } from "../../ui/controls";
import { copyPicture, saveCsv } from "../../ui/copy";
import { LeverageSelect, TakeAway, VenueChips, WINDOWS, WindowChips } from "../../ui/fields";
import { Empty, Skeleton } from "../../ui/states";
import { AroundPanel, ClusterPanel } from "./clusterList";
import { MapChart } from "./mapChart";
import { Moment } from "./moment";
import { ZonePanel } from "./zonePanel";

const REACHES = ["5%", "10%", "15%", "30%", "all"];

export function coloursOf(t: Theme, by: StackBy, layers: readonly Layer[]): string[] {
  const names = layers.map((l) => l.name);
  if (by === "side") return [t.long, t.short];
  if (by === "age") return layers.map((_, i) => css(blend(t.leverage, 1 - i / Math.max(1, layers.length - 1))));
  const colours = by === "venue" ? venueColours(t, names) : leverageColours(t, names);
  return names.map((n) => colours[n] ?? t.muted);
}

/** Parameters that say which map; the same for every call about it. */
export function mapQuery(): Record<string, string> {
  return Object.fromEntries(["window", "as_of", "venues", "leverage", "quantity"].map((k) => [k, at(k)]).filter(([, v]) => v)) as Record<string, string>;
}

const parsePair = (text: string): [number, number] | null => {
  const [low, high] = text.split(":").map(Number);
  return low && high && high > low ? [low, high] : null;
};

/** Which stretch of price to ask for: always with the price in it, for curves run outward from there. */
function asked(view: [number, number] | null, price: number | null, bins: number): Query {
  if (!view) return at("range") === "all" ? {} : { range: at("range"), bins };
  const low = Math.min(view[0], price ?? view[0]);
  const high = Math.max(view[1], price ?? view[1]);
  const more = Math.min(4, (high - low) / (view[1] - view[0]));
  const round = (x: number): number => Number(x.toPrecision(6));
  return { range: `${round(low * 0.999)}:${round(high * 1.001)}`, bins: Math.round(bins * more) };
}

function shownRange(map: LevelMap, view: [number, number] | null): [number, number] {
  if (view) return view;
  const first = map.bins[0]?.price_low ?? map.price * 0.9;
  const last = map.bins[map.bins.length - 1]?.price_high ?? map.price * 1.1;
  const reach = Number.parseFloat(at("range")) / 100;
  // a file holds the whole map: the reach is cut here, not by the server
  return isFile && Number.isFinite(reach) ? [Math.max(first, map.price * (1 - reach)), Math.min(last, map.price * (1 + reach))] : [first, last];
}

/** Younger windows of the same map, for stacking by age. */
function useAges(path: string, query: Query, wanted: boolean, map: LevelMap | null): Layer[] | null {
  const [layers, setLayers] = useState<Layer[] | null>(null);
  const key = wanted ? address(path, query) : "";
  useEffect(() => {
    setLayers(null);
    if (!wanted || !map) return;
    const younger = WINDOWS.filter((w) => windowMs(w) < windowMs(map.window));
    let gone = false;
    Promise.all(younger.map(async (window) => ({ window, map: await getJson<LevelMap>(address(path, { ...query, window })) })))
      .then((maps) => { if (!gone) setLayers(stackByAge([...maps, { window: map.window, map }])); })
      .catch(() => { if (!gone) setLayers(null); });
    return () => { gone = true; };
  }, [key, map?.as_of, map?.bins.length]);
  return layers;
}

/** Public positions are of one venue: their bars say more by leverage. */
const stackBy = (measured: boolean): StackBy => (route.value.params["by"] ?? (measured ? "leverage" : "venue")) as StackBy;

function Controls(props: { kinds: boolean; measured: boolean }) {
  return (
    <div class="toolbar" role="toolbar" aria-label="What the map shows">
      {!isFile && <WindowChips />}
      <Chips label="Reach" value={at("view") ? "" : at("range")} choices={REACHES.map((r) => ({ value: r, label: r === "all" ? "all" : `±${r}`, title: "how far from the price" }))} onChange={(range) => setParams({ range, view: "" })} />
      <Select label="stack by" value={stackBy(props.measured)} choices={[["venue", "venue"], ["leverage", "leverage"], ["side", "side"], ...(isFile ? [] : [["age", "age"]])].map(([value = "", label = ""]) => ({ value, label }))} onChange={(by) => setParams({ by })} />
      {props.kinds && !isFile && <Select label="kind" value={at("kind")} choices={[{ value: "modelled", label: "modelled" }, { value: "measured", label: "measured" }, { value: "realised", label: "realised" }]} onChange={(kind) => setParams({ kind })} />}
      {!isFile && !props.measured && <Select label="quantity" value={at("quantity")} choices={[{ value: "", label: "default" }, { value: "outstanding", label: "outstanding" }, { value: "expected", label: "expected" }]} onChange={(quantity) => setParams({ quantity })} />}
      {!isFile && <LeverageSelect />}
      <Toggle label="log USD" on={at("bars") === "log"} title="logarithmic amounts" onChange={(on) => setParams({ bars: on ? "log" : "linear" })} />
      <Toggle label="log price" on={at("axis") === "log"} title="logarithmic price axis" onChange={(on) => setParams({ axis: on ? "log" : "linear" })} />
      <Toggle label="relative" on={at("amounts") === "relative"} title="highest bar = 100 %: compare shapes with other sites" onChange={(on) => setParams({ amounts: on ? "relative" : "usd" })} />
      {!isFile && !props.measured && <VenueChips />}
    </div>
  );
}

function Legend(props: { layers: readonly Layer[]; colours: readonly string[]; theme: Theme }) {
  return (
    <ul class="legend" aria-label="Legend">
      {props.layers.map((l, i) => <li key={l.name}><Swatch colour={props.colours[i] ?? ""} />{l.label} <b>{numbers.usd(l.usd.reduce((s, v) => s + v, 0))}</b></li>)}
      <li><span class="line-swatch" style={{ background: props.theme.cumulative_long }} aria-hidden="true" />longs, summed down from the price</li>
      <li><span class="line-swatch" style={{ background: props.theme.cumulative_short }} aria-hidden="true" />shorts, summed up from the price</li>
    </ul>
  );
}

/** A map with everything around it; the Hyperliquid and Realised views show theirs through it too. */
export function MapBoard(props: { kind: string; kinds?: boolean; side?: boolean }) {
  const path = `/v1/map/${asset.value}`;
  const bins = window.innerWidth < 600 ? 90 : 220;
  const view = parsePair(at("view"));
  const known = useRef<{ asset: string; price: number } | null>(null);
  const query: Query = { ...mapQuery(), kind: props.kind, ...asked(view, known.current?.asset === asset.value ? known.current.price : null, bins) };
  const url = asset.value ? address(path, query) : null;
  const answer = useResource<LevelMap>(url, `${asset.value}|${props.kind}`);
  const map = answer.data;
  const isLive = markets.value?.live === true && props.kind === "modelled" && !at("as_of");
  const livePrice = useLivePrice(asset.value, isLive);
  useMapNews(asset.value, at("window"), isLive, answer.reload);
  if (map) known.current = { asset: map.asset, price: map.price };
  const clusters = useResource<Clusters>(asset.value && props.kind === "modelled" && props.side && holds(`/v1/clusters/${asset.value}`) ? address(`/v1/clusters/${asset.value}`, mapQuery()) : null, asset.value);
  const canvas = useRef<HTMLCanvasElement | null>(null);
  const [live, setLive] = useState<[number, number] | null>(null);
  const timer = useRef(0);
  const measured = props.kind === "measured";
  const by = stackBy(measured);
  const ages = useAges(path, query, by === "age" && !isFile, map);
  const layers = useMemo(() => (map ? (by === "age" ? (ages ?? stack(map.bins, "side")) : stack(map.bins, by)) : []), [map, by, ages]);
  const onRange = (range: [number, number] | null): void => {
    setLive(range);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      setParams({ view: range ? range.map((p) => Number(p.toPrecision(6))).join(":") : "" }, true);
      setLive(null);
    }, 220);
  };
  if (!map) return <><Controls kinds={props.kinds ?? false} measured={measured} />{answer.error && !answer.loading ? <div class="chart-box map-box"><Empty error={answer.error} what={`${props.kind} map of ${asset.value}`} onRetry={answer.reload} /></div> : <Skeleton label="map" kind="chart" />}</>;
  const zonePair = parsePair(at("zone"));
  const zone = zonePair ? zoneOf(map.bins, Math.max(0, binAt(map.bins, zonePair[0] * 1.0000001)), Math.max(0, binAt(map.bins, zonePair[1] * 0.9999999))) : null;
  const setZone = (z: Zone | null): void => setParams({ zone: z ? `${z.price_low}:${z.price_high}` : "" }, true);
  const t = theme.value;
  const shown = by === "age" && !ages ? "side" : by;
  const colours = coloursOf(t, shown, layers);
  const found = clusters.data ? [...clusters.data.below, ...clusters.data.above] : [];
  const name = `liqatlas-${map.asset}-${map.kind}-${map.window}`;
  const reach = Math.min(1, Math.abs((map.bins[map.bins.length - 1]?.price_high ?? map.price) / map.price - 1));
  return (
    <>
      <Controls kinds={props.kinds ?? false} measured={measured} />
      <div class={props.side ? "board" : "board single"}>
        <div class={`board-main ${answer.loading ? "loading" : ""}`} aria-busy={answer.loading}>
          <MapChart
            map={map} livePrice={livePrice} layers={layers} colours={colours} theme={t} range={live ?? shownRange(map, view)} logPrice={at("axis") === "log"} logBars={at("bars") === "log"} relative={at("amounts") === "relative"}
            curves={map.kind !== "realised"} clusters={found} zone={zone} onZone={setZone} onRange={onRange} canvasRef={canvas} label={`${map.kind} liquidation levels of ${map.asset} over price`}
          />
          <div class="under">
            <Legend layers={layers} colours={colours} theme={t} />
            <TakeAway api={url} onCsv={() => saveCsv(mapCsv(map), name)} onPng={() => canvas.current && copyPicture(canvas.current, captionLines(map), t, name)} />
          </div>
          {!isFile && <Moment head={map} />}
          <Caption head={map} />
        </div>
        {props.side && (
          <aside class="board-side">
            {zone && <ZonePanel map={map} zone={zone} clusters={found} query={mapQuery()} withShock={!isFile && map.kind === "modelled"} onClose={() => setZone(null)} />}
            {map.kind === "modelled" && holds(`/v1/clusters/${asset.value}`) && <ClusterPanel clusters={clusters} onPick={(c: Cluster) => setParams({ zone: `${c.price_low}:${c.price_high}` }, true)} />}
            {map.kind !== "realised" && <AroundPanel map={map} reach={reach} />}
          </aside>
        )}
      </div>
    </>
  );
}

export function MapView() {
  return <MapBoard kind={at("kind")} kinds side />;
}
