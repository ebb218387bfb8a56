/** Measured: levels computed from positions that are public; table, whales, changes, and how much of the market that is. */

import { address } from "../api/client";
import { useResource } from "../api/resource";
import * as moments from "../model/moments";
import * as numbers from "../model/numbers";
import type { LevelMap, Positions, PublicPosition } from "../model/schema";
import { asset, at, isFile, setParams, zone } from "../state";
import { Chips, Panel, Select, SplitBar } from "../ui/controls";
import { TakeAway } from "../ui/fields";
import { Loaded, Notes } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { MapBoard, mapQuery } from "./map/mapView";

const PAGE = 50;

const COLUMNS: Column<PublicPosition>[] = [
  { name: "account", text: true, cell: (p) => <span title={p.account}>{numbers.shortAccount(p.account)}{p.whale && <span class="badge">whale</span>}</span> },
  { name: "position", text: true, cell: (p) => <span class={p.position}>{p.position === "long" ? "▲ long" : "▼ short"}</span>, by: (p) => p.position },
  { name: "size [USD]", cell: (p) => numbers.usd(p.notional_usd), by: (p) => p.notional_usd },
  { name: "entry", cell: (p) => numbers.price(p.entry_price), by: (p) => p.entry_price },
  { name: "liquidation at", cell: (p) => numbers.price(p.liquidation_price), by: (p) => p.liquidation_price },
  { name: "away", title: "from the mark to the liquidation price", cell: (p) => numbers.share(p.distance, 1), by: (p) => p.distance },
  { name: "leverage", cell: (p) => (p.leverage === null ? numbers.UNKNOWN : `${numbers.plain(p.leverage, 1)}x`), by: (p) => p.leverage },
  { name: "profit", cell: (p) => <span class={(p.unrealised_pnl_usd ?? 0) < 0 ? "loss" : "gain"}>{numbers.usd(p.unrealised_pnl_usd)}</span>, by: (p) => p.unrealised_pnl_usd },
  { name: "seen", title: "age of the snapshot", cell: (p) => numbers.age(p.age_s), by: (p) => p.age_s },
];

function Table_(props: { data: Positions }) {
  const offset = Number(at("offset")) || 0;
  return (
    <>
      <p class="muted">{props.data.positions_seen} positions of {props.data.accounts_seen} accounts were seen until {moments.momentWithUtc(props.data.as_of, zone.value)}. A whale holds 10 M USD or more over all coins.</p>
      <Table label="public positions" columns={COLUMNS} rows={props.data.positions} />
      <div class="pager">
        <button type="button" class="chip" disabled={offset <= 0} onClick={() => setParams({ offset: String(Math.max(0, offset - PAGE)) }, true)}>‹ nearer the top</button>
        <span class="muted">{offset + 1}–{offset + props.data.positions.length}</span>
        <button type="button" class="chip" disabled={props.data.positions.length < PAGE} onClick={() => setParams({ offset: String(offset + PAGE) }, true)}>further down ›</button>
      </div>
    </>
  );
}

function Cohorts(props: { data: Positions }) {
  const rows = [...props.data.by_account_size.filter((r) => r.accounts > 0).map((r) => ({ ...r, name: r.high_usd === null ? `over ${numbers.usd(r.low_usd)}` : `${numbers.usd(r.low_usd)} to ${numbers.usd(r.high_usd)}` })), ...props.data.by_pnl.filter((r) => r.accounts > 0).map((r) => ({ ...r, name: r.cohort }))];
  return (
    <Table
      label="positions by size of account and by profit" rows={rows}
      columns={[
        { name: "group", text: true, cell: (r) => r.name }, { name: "accounts", cell: (r) => numbers.plain(r.accounts) }, { name: "longs", cell: (r) => <span class="long">{numbers.usd(r.long_usd)}</span> },
        { name: "balance", cell: (r) => <SplitBar long={r.long_usd} short={r.short_usd} /> }, { name: "shorts", cell: (r) => <span class="short">{numbers.usd(r.short_usd)}</span> }, { name: "within 10 % of its level", cell: (r) => numbers.usd(r.near_usd) },
      ]}
    />
  );
}

function Changes(props: { data: Positions }) {
  return (
    <Table
      label="what changed between snapshots" rows={props.data.changes}
      columns={[
        { name: "account", text: true, cell: (c) => <span title={c.account}>{numbers.shortAccount(c.account)}</span> }, { name: "position", text: true, cell: (c) => <span class={c.position}>{c.position}</span> }, { name: "change", text: true, cell: (c) => c.change },
        { name: "before", cell: (c) => numbers.usd(c.before_usd) }, { name: "after", cell: (c) => numbers.usd(c.after_usd), by: (c) => c.after_usd }, { name: "level before", cell: (c) => numbers.price(c.level_before) }, { name: "level after", cell: (c) => numbers.price(c.level_after) }, { name: "seen", cell: (c) => moments.dayAndClock(c.time_after, zone.value) },
      ]}
    />
  );
}

function Coverage() {
  const map = useResource<LevelMap>(asset.value ? address(`/v1/map/${asset.value}`, { ...mapQuery(), kind: "measured" }) : null, asset.value);
  return (
    <Loaded of={map} what="coverage">
      {(m) => {
        const bands = m.coverage?.by_distance ?? [];
        const most = Math.max(1, ...bands.map((b) => Math.max(b.long_usd, b.short_usd)));
        const grade = m.model.parameters as { grade?: string; grade_reasons?: string[] };
        return (
          <>
            {grade.grade && <p><b class="grade">grade {grade.grade}</b> {grade.grade_reasons?.join("; ")}</p>}
            <table class="small">
              <caption>What was seen, by distance of the level from the price [USD]</caption>
              <thead><tr><th scope="col" class="text">distance</th><th scope="col" class="long">longs</th><th scope="col"><span class="hidden">bar</span></th><th scope="col" class="short">shorts</th><th scope="col">share of the side</th><th scope="col">accounts</th></tr></thead>
              <tbody>{bands.map((b) => <tr key={b.low}><th scope="row" class="text">{numbers.share(b.low)}{b.high === null ? " and more" : `–${numbers.share(b.high)}`}</th><td>{numbers.usd(b.long_usd)}</td><td class="bars-cell"><span class="bar-long" style={{ width: `${(b.long_usd / most) * 50}%` }} /><span class="bar-short" style={{ width: `${(b.short_usd / most) * 50}%` }} /></td><td>{numbers.usd(b.short_usd)}</td><td>{numbers.share(b.long_share)} / {numbers.share(b.short_share)}</td><td>{b.accounts}</td></tr>)}</tbody>
            </table>
            <Notes notes={m.warnings} />
          </>
        );
      }}
    </Loaded>
  );
}

export function HyperliquidView() {
  const url = asset.value ? address(`/v1/positions/${asset.value}`, { as_of: at("as_of"), sort: at("sort"), limit: PAGE, offset: at("offset") }) : null;
  const table = useResource<Positions>(url, asset.value);
  const part = at("part") || "positions";
  return (
    <>
      <MapBoard kind="measured" />
      {!isFile && (
        <>
          <div class="toolbar">
            <Chips label="Part" value={part} choices={["positions", "groups", "changes", "coverage"].map((v) => ({ value: v, label: v }))} onChange={(v) => setParams({ part: v === "positions" ? "" : v }, true)} />
            {part === "positions" && <Select label="largest by" value={at("sort")} choices={[{ value: "size", label: "size" }, { value: "distance", label: "nearest level" }, { value: "pnl", label: "profit" }]} onChange={(sort) => setParams({ sort, offset: "" }, true)} />}
            <TakeAway api={url} />
          </div>
          <Panel title={{ positions: "Positions", groups: "Groups of accounts", changes: "What changed", coverage: "How much of the market this is" }[part] ?? "Positions"}>
            {part === "coverage" ? <Coverage /> : <Loaded of={table} what={`public positions of ${asset.value}`}>{(data) => (part === "groups" ? <Cohorts data={data} /> : part === "changes" ? <Changes data={data} /> : <Table_ data={data} />)}</Loaded>}
          </Panel>
        </>
      )}
    </>
  );
}
