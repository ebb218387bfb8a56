/** The report as a page: overview, key levels, signals with their hit rates, scenarios, plan, what changed. */

import { address } from "../api/client";
import { useResource } from "../api/resource";
import * as moments from "../model/moments";
import * as numbers from "../model/numbers";
import type { Cluster } from "../model/schema";
import { asset, at, go, isFile, zone } from "../state";
import { Figure, Panel, SplitBar } from "../ui/controls";
import { LeverageSelect, TakeAway, VenueChips, WindowChips } from "../ui/fields";
import { Loaded } from "../ui/states";
import { Table } from "../ui/table";

interface HitRate { asset: string; venue: string; first_day: string; last_day: string; event: string; rate: number; control: number; difference: number; low: number; high: number; cases: number }
interface Signal { name: string; title: string; value: unknown; unit: string; missing: string; hit_rate: HitRate | null; hit_rate_reason: string }
interface Scenario { name: string; starts_at: number | null; held_by: number | null; probability: number | null; tells: string[] }
interface Side { entry: number | null; targets: number[]; invalidation: number | null }
type Missing = Record<string, string>;

interface Report {
  asset: string; as_of: string; window: string; price: number; kind: string; quantity: string; simulated: boolean; open_interest_usd: number | null; disclaimer: string;
  overview: { total_usd: number | null; long_usd: number | null; short_usd: number | null; state: string | null; oi_change: number | null; funding_8h: number | null; price_change_24h: number | null; daily_volatility: number | null; volatility_source: string; phase: string; phase_reason: string; spread: number | null; missing: Missing; panel: { name: string; title: string; on: boolean | null; value: number | null; threshold: number; unit: string; missing: string }[] };
  key_levels: { above: Cluster[]; below: Cluster[]; notes: string[]; probabilities: string };
  map_summary: { asymmetry: { range: number; long_usd: number; short_usd: number; leaning: string }[]; long_curve: { shape: string } | null; short_curve: { shape: string } | null };
  signals: { signals: Signal[] };
  venues: { venues: { venue: string; share: number; engine: string; engine_sources: string[] }[] };
  cascade: { down: { grade: string } | null; up: { grade: string } | null };
  scenarios: { down: Scenario[]; up: Scenario[]; probability_reason: string };
  plan: { key_level: { price: number; position: string; usd: number; distance: number } | null; bias: { magnet: string; supported: boolean } | null; long: Side | null; short: Side | null };
  changes: { since: string | null; reason: string; price: { before: number; now: number; change: number; low: number; high: number; name: string | null } | null; open_interest: { change: number | null } | null; signals: { title: string; before: unknown; now: unknown }[]; said: { position: string; price_low: number; price_high: number; usd: number; touched: boolean; passed: boolean; touch_probability: number }[] };
  data_quality: { coverage: { share: number | null } | null; model: { name: string; version: string; calibration: string }; warnings: string[]; signals_with_hit_rate: string[]; signals_with_skill: string[] };
}

const orReason = (value: string, missing: Missing, key: string): string => (value === numbers.UNKNOWN && missing[key] ? `– (${missing[key]})` : value);

function Overview(props: { r: Report }) {
  const o = props.r.overview;
  return (
    <Panel title={`${props.r.asset}, ${moments.momentWithUtc(props.r.as_of, zone.value)}`}>
      <div class="figures wide">
        <Figure label="price" value={numbers.price(props.r.price)} note={`${numbers.change(o.price_change_24h)} in 24 h`} />
        <Figure label="liquidated in 24 h" value={numbers.usd(o.total_usd)} note={o.total_usd === null ? o.missing["total_usd"] : `longs ${numbers.usd(o.long_usd)}, shorts ${numbers.usd(o.short_usd)}`} />
        <Figure label="open interest, one-sided" value={numbers.usd(props.r.open_interest_usd)} note={orReason(numbers.change(o.oi_change), o.missing, "oi_change")} />
        <Figure label="funding, 8 h" value={numbers.change(o.funding_8h, 4)} />
        <Figure label="daily volatility" value={numbers.share(o.daily_volatility, 1)} note={o.volatility_source} />
        <Figure label="market state" value={o.state ?? numbers.UNKNOWN} note={o.missing["state"] ?? `phase: ${o.phase} (${o.phase_reason})`} />
        <Figure label="cascade risk, down / up" value={`${props.r.cascade.down?.grade ?? numbers.UNKNOWN} / ${props.r.cascade.up?.grade ?? numbers.UNKNOWN}`} note="grades of distance and gaps, no probabilities" />
      </div>
      <ul class="signs">{o.panel.map((p) => <li key={p.name} class={p.on ? "on" : ""}><span aria-hidden="true">{p.on === null ? "?" : p.on ? "●" : "○"}</span> {p.title} <span class="muted">{p.missing || `${numbers.plain(p.value, 3)} against ${numbers.plain(p.threshold, 3)} ${p.unit}`}</span></li>)}</ul>
    </Panel>
  );
}

function Levels(props: { r: Report }) {
  const rows = [...props.r.key_levels.above].sort((a, b) => b.peak_price - a.peak_price).concat([...props.r.key_levels.below].sort((a, b) => b.peak_price - a.peak_price));
  return (
    <Panel title="Key levels" aside={<span class="muted">chance of a touch: {props.r.key_levels.probabilities}</span>}>
      <Table
        label="key levels" rows={rows} onPick={(c) => go({ view: "map", params: { window: props.r.window, zone: `${c.price_low}:${c.price_high}` } })}
        columns={[
          { name: "zone", text: true, cell: (c) => `${numbers.price(c.price_low)}–${numbers.price(c.price_high)}` }, { name: "side", text: true, cell: (c) => <span class={c.position}>{c.position === "long" ? "▼ longs, sell" : "▲ shorts, buy"}</span> },
          { name: "away", cell: (c) => numbers.change(c.distance, 1), by: (c) => c.distance }, { name: "USD", cell: (c) => numbers.usd(c.usd), by: (c) => c.usd }, { name: "of its side", cell: (c) => numbers.share(c.share_of_side) },
          { name: "touch in 24 h", cell: (c) => numbers.chance(c.touch_probability), by: (c) => c.touch_probability }, { name: "intensity", text: true, cell: (c) => c.intensity ?? `– (${c.missing["intensity"] ?? ""})` }, { name: "risk", text: true, cell: (c) => c.risk ?? `– (${c.missing["risk"] ?? ""})` },
          { name: "also there", text: true, cell: (c) => c.confluence.join("; ") || numbers.UNKNOWN },
        ]}
      />
    </Panel>
  );
}

function Signals(props: { r: Report }) {
  return (
    <Panel title="Signals" aside={<span class="muted">none is shown without its record</span>}>
      <Table
        label="signals and how often they held" rows={props.r.signals.signals}
        columns={[
          { name: "signal", text: true, cell: (s) => s.title }, { name: "now", text: true, cell: (s) => (s.missing ? `– (${s.missing})` : String(s.value)) },
          { name: "held", cell: (s) => (s.hit_rate ? numbers.share(s.hit_rate.rate) : numbers.UNKNOWN) }, { name: "without it", cell: (s) => (s.hit_rate ? numbers.share(s.hit_rate.control) : numbers.UNKNOWN) },
          { name: "difference, 95 %", cell: (s) => (s.hit_rate ? `${numbers.change(s.hit_rate.difference, 0)} (${numbers.change(s.hit_rate.low, 0)} to ${numbers.change(s.hit_rate.high, 0)})` : numbers.UNKNOWN) },
          { name: "what held means", text: true, cell: (s) => <span class="wrap">{s.hit_rate ? `${s.hit_rate.event}; ${s.hit_rate.cases} cases, ${s.hit_rate.asset} ${s.hit_rate.venue}, ${s.hit_rate.first_day} to ${s.hit_rate.last_day}` : s.hit_rate_reason}</span> },
        ]}
      />
    </Panel>
  );
}

function Scenarios(props: { r: Report }) {
  const one = (s: Scenario) => <li key={s.name}><b>{s.name}</b>: from {numbers.price(s.starts_at)}, held by {numbers.price(s.held_by)}. <span class="muted">Tells: {s.tells.join("; ")}.</span></li>;
  return (
    <div class="two">
      <Panel title="Scenarios down"><ul class="plain">{props.r.scenarios.down.map(one)}</ul><p class="muted">{props.r.scenarios.probability_reason}</p></Panel>
      <Panel title="Scenarios up"><ul class="plain">{props.r.scenarios.up.map(one)}</ul><p class="muted">{props.r.scenarios.probability_reason}</p></Panel>
    </div>
  );
}

function Plan(props: { r: Report }) {
  const p = props.r.plan;
  const side = (name: string, s: Side | null) => (
    <tr><th scope="row" class="text">{name}</th><td>{numbers.price(s?.entry)}</td><td>{s?.targets.map(numbers.price).join(", ") || numbers.UNKNOWN}</td><td>{numbers.price(s?.invalidation)}</td></tr>
  );
  return (
    <Panel title="What the map implies" aside={<span class="muted">research, not advice</span>}>
      {p.key_level && <p>Next heavy level: {numbers.price(p.key_level.price)}, {p.key_level.position}s, {numbers.usd(p.key_level.usd)}, {numbers.change(p.key_level.distance)} away. Bias by size: {p.bias?.magnet ?? numbers.UNKNOWN}{p.bias && !p.bias.supported ? ", which no measured hit rate supports" : ""}.</p>}
      <div class="table-box" tabIndex={0} role="region" aria-label="reading of both sides">
      <table class="small"><thead><tr><th scope="col" class="text">reading for</th><th scope="col">after a zone is cleared at</th><th scope="col">next zones</th><th scope="col">read wrong beyond</th></tr></thead><tbody>{side("longs", p.long)}{side("shorts", p.short)}</tbody></table>
      <table class="small">
        <caption>Same distance on both sides</caption>
        <tbody>{props.r.map_summary.asymmetry.map((a) => <tr key={a.range}><th scope="row" class="text">±{numbers.share(a.range)}</th><td class="long">{numbers.usd(a.long_usd)}</td><td class="split-cell"><SplitBar long={a.long_usd} short={a.short_usd} /></td><td class="short">{numbers.usd(a.short_usd)}</td><td>{a.leaning}</td></tr>)}</tbody>
      </table>
      </div>
    </Panel>
  );
}

function Changes(props: { r: Report }) {
  const c = props.r.changes;
  if (!c.price) return <Panel title="What changed"><p class="muted">{c.reason || "nothing earlier to compare with"}</p></Panel>;
  return (
    <Panel title={`Since ${c.since ? moments.momentWithUtc(c.since, zone.value) : "before"}`}>
      <p>Price {numbers.price(c.price.before)} → {numbers.price(c.price.now)} ({numbers.change(c.price.change)}), between {numbers.price(c.price.low)} and {numbers.price(c.price.high)}. Open interest {numbers.change(c.open_interest?.change)}. {c.signals.map((s) => `${s.title}: ${String(s.before)} → ${String(s.now)}.`).join(" ")}</p>
      <Table
        label="what became of earlier levels" rows={c.said}
        columns={[
          { name: "level said then", text: true, cell: (s) => `${numbers.price(s.price_low)}–${numbers.price(s.price_high)}` }, { name: "side", text: true, cell: (s) => <span class={s.position}>{s.position}s</span> }, { name: "USD", cell: (s) => numbers.usd(s.usd) },
          { name: "chance said", cell: (s) => numbers.chance(s.touch_probability) }, { name: "became", text: true, cell: (s) => (s.passed ? "passed through" : s.touched ? "touched" : "not reached") },
        ]}
      />
    </Panel>
  );
}

function Quality(props: { r: Report }) {
  const q = props.r.data_quality;
  return (
    <Panel title="Data and model">
      <p>{props.r.kind}, {props.r.quantity}; coverage {numbers.share(q.coverage?.share)} of open interest; {q.model.name} {q.model.version}, {q.model.calibration}. Signals with a measured hit rate: {q.signals_with_hit_rate.join(", ") || "none"}; with skill beyond chance: {q.signals_with_skill.join(", ") || "none"}.</p>
      {props.r.venues.venues.map((v) => <details key={v.venue}><summary>How {v.venue} liquidates ({numbers.share(v.share)} of the map)</summary><p>{v.engine}</p><ul>{v.engine_sources.map((s) => <li key={s} class="muted">{s}</li>)}</ul></details>)}
      <ul>{q.warnings.map((w) => <li key={w}>{w}</li>)}</ul>
      <p class="muted">{props.r.disclaimer}</p>
    </Panel>
  );
}

export function ReportView() {
  const url = asset.value ? address(`/v1/report/${asset.value}`, { window: at("window"), as_of: at("as_of"), venues: at("venues"), leverage: at("leverage") }) : null;
  const report = useResource<Report>(url, asset.value);
  return (
    <>
      {!isFile && <div class="toolbar"><WindowChips /><LeverageSelect /><VenueChips /><TakeAway api={url} /></div>}
      <Loaded of={report} what={`report of ${asset.value}`} slow="A report reads maps of the past beside that of now: a few seconds the first time.">{(r) => <div class={report.loading ? "loading" : ""}><Overview r={r} /><Levels r={r} /><Plan r={r} /><Signals r={r} /><Scenarios r={r} /><Changes r={r} /><Quality r={r} /></div>}</Loaded>
    </>
  );
}
