/** Own positions under stress. They stay in this browser; one request computes, nothing is stored on the server. */

import { useState } from "preact/hooks";
import { ProblemError, postJson } from "../api/client";
import * as numbers from "../model/numbers";
import type { Position } from "../model/schema";
import { asset, say, theme } from "../state";
import { Panel } from "../ui/controls";
import { saveCsv } from "../ui/copy";
import { Plot } from "../ui/plot";
import { Empty } from "../ui/states";
import { Table } from "../ui/table";
import { csv } from "../model/tables";

type Entry = Record<"venue" | "symbol" | "position" | "size" | "entry_price" | "leverage" | "margin_mode" | "wallet_balance", string>;

interface Outcome { move: number; price: number; profit_usd: number | null; liquidated: boolean }
interface Result {
  line: number; venue: string; symbol: string; position: Position; price: number | null; liquidation_price: number | null; distance: number | null; state: string; notional_usd: number | null; tier: number | null; maintenance_rate: number | null;
  outcomes: Outcome[] | null; crashes: { name: string; move: number; profit_usd: number | null; liquidated: boolean; figure: string; source: string }[] | null; what_if: { change: string; share: number; amount: number; liquidation_price: number | null; distance: number | null }[] | null;
  touch_probability: Record<string, number> | null; stop: { price: number; why?: string } | null; hedge: { position: string; coins: number } | null; rule: string; warnings: string[]; missing: Record<string, string>; error: string | null; settle: string;
}
interface Answer { as_of: string; positions: Result[]; warnings?: string[] }

const KEY = "liqatlas.positions";
const VENUES = ["binance", "bybit", "okx", "hyperliquid", "bitget", "gate", "dydx", "binance_coinm"];
const FIELDS: [keyof Entry, string][] = [["venue", "venue"], ["symbol", "symbol"], ["position", "position"], ["size", "size"], ["entry_price", "entry price"], ["leverage", "leverage"], ["margin_mode", "margin"], ["wallet_balance", "wallet balance"]];

const blank = (): Entry => ({ venue: "binance", symbol: asset.value ? `${asset.value}USDT` : "", position: "long", size: "", entry_price: "", leverage: "10", margin_mode: "isolated", wallet_balance: "" });

function held(): Entry[] {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]") as Entry[];
    return kept.length ? kept : [blank()];
  } catch {
    return [blank()];
  }
}

function keep(entries: readonly Entry[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries));
  } catch {
    /* closed storage: they last for the visit */
  }
}

const body = (entries: readonly Entry[]): unknown => ({
  positions: entries.map((e) => Object.fromEntries(FIELDS.filter(([k]) => e[k] !== "" && !(k === "wallet_balance" && e.margin_mode !== "cross") && !(k === "leverage" && e.margin_mode === "cross")).map(([k]) => [k, ["size", "entry_price", "leverage", "wallet_balance"].includes(k) ? Number(e[k]) : e[k]]))),
});

function Field(props: { entry: Entry; name: keyof Entry; label: string; onChange: (value: string) => void }) {
  const { entry, name } = props;
  const choices: Partial<Record<keyof Entry, string[]>> = { venue: VENUES, position: ["long", "short"], margin_mode: ["isolated", "cross"] };
  const set = (e: { currentTarget: { value: string } }): void => props.onChange(e.currentTarget.value);
  const options = choices[name];
  const unused = (name === "wallet_balance" && entry.margin_mode !== "cross") || (name === "leverage" && entry.margin_mode === "cross");
  return options ? (
    <select aria-label={props.label} value={entry[name]} onChange={set}>{options.map((o) => <option key={o} value={o}>{o}</option>)}</select>
  ) : (
    <input aria-label={props.label} type="text" inputMode={name === "symbol" ? "text" : "decimal"} pattern={name === "symbol" ? undefined : "[0-9]*[.]?[0-9]*"} title={name === "symbol" ? "the venue's own name" : "a number such as 0.5 or 1800"} disabled={unused} value={unused ? "" : entry[name]} placeholder={unused ? "–" : name === "size" ? "coins" : ""} onInput={set} />
  );
}

function Editor(props: { entries: Entry[]; onChange: (entries: Entry[]) => void }) {
  const set = (i: number, name: keyof Entry, value: string): void => props.onChange(props.entries.map((e, k) => (k === i ? { ...e, [name]: value } : e)));
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label="own positions">
      <table class="editor">
        <thead><tr>{FIELDS.map(([k, label]) => <th key={k} scope="col" class="text">{label}</th>)}<th scope="col"><span class="hidden">remove</span></th></tr></thead>
        <tbody>
          {props.entries.map((entry, i) => (
            <tr key={i}>{FIELDS.map(([name, label]) => <td key={name}><Field entry={entry} name={name} label={`${label} of line ${i + 1}`} onChange={(v) => set(i, name, v)} /></td>)}<td><button type="button" class="icon" aria-label={`Remove line ${i + 1}`} onClick={() => props.onChange(props.entries.length > 1 ? props.entries.filter((_, k) => k !== i) : [blank()])}>×</button></td></tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Detail(props: { result: Result }) {
  const r = props.result;
  const t = theme.value;
  if (r.error) return <Panel title={`${r.symbol} on ${r.venue}`}><p class="note">{r.error}</p></Panel>;
  const outcomes = r.outcomes ?? [];
  const most = Math.max(1, ...outcomes.map((o) => Math.abs(o.profit_usd ?? 0)));
  return (
    <Panel title={`${r.symbol} on ${r.venue}, ${r.position}`}>
      {outcomes.length > 0 && (
        <Plot class="short-plot" label="profit after moves of the price" picture={{ theme: t, x: { range: [-0.215, 0.215], text: (v) => numbers.change(v, 0), label: "move of the price" }, y: { range: [-most * 1.1, most * 1.1], text: numbers.usdTick, label: "profit [USD], faded where liquidated" }, lines: [], bars: outcomes.map((o) => ({ from: o.move - 0.0035, to: o.move + 0.0065, value: o.profit_usd ?? 0, colour: o.liquidated ? t.grid : (o.profit_usd ?? 0) < 0 ? t.long : t.short })), marks: r.distance !== null ? [{ x: r.distance, colour: t.price, text: "liquidated" }] : [] }} />
      )}
      <Table label="what would move the level" rows={r.what_if ?? []} columns={[{ name: "change", text: true, cell: (w) => (w.change === "margin for distance" ? `margin to be ${numbers.share(w.share)} away` : `${w.change} by ${numbers.share(w.share)}`) }, { name: "amount", cell: (w) => `${numbers.plain(w.amount)} ${w.change === "reduce size" ? "coins" : r.settle}` }, { name: "then liquidated at", cell: (w) => numbers.price(w.liquidation_price) }, { name: "away", cell: (w) => numbers.change(w.distance, 1) }]} />
      <Table label="past crashes" rows={r.crashes ?? []} columns={[{ name: "crash", text: true, cell: (c) => <span title={c.source}>{c.name}</span> }, { name: "move", cell: (c) => numbers.change(c.move, 0) }, { name: "profit", cell: (c) => numbers.usd(c.profit_usd) }, { name: "liquidated", text: true, cell: (c) => (c.liquidated ? "yes" : "no") }, { name: "figure", text: true, cell: (c) => c.figure }]} />
      {r.touch_probability && <p>Chance that the level is touched: {Object.entries(r.touch_probability).map(([h, p]) => `${h} ${numbers.share(p, 1)}`).join(", ")} (random walk at the realised volatility).</p>}
      <p class="muted">{r.rule}</p>
      {[...r.warnings, ...Object.entries(r.missing).map(([k, why]) => `${k.replaceAll("_", " ")}: ${why}`)].map((w) => <p class="note" key={w}>{w}</p>)}
    </Panel>
  );
}

export function StressView() {
  const [entries, setEntries] = useState(held);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const change = (next: Entry[]): void => { setEntries(next); keep(next); };
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      setAnswer(await postJson<Answer>("/v1/stress", body(entries.filter((e) => e.symbol && e.size && e.entry_price))));
    } catch (e) {
      setAnswer(null);
      setError(e instanceof ProblemError || e instanceof Error ? e : new Error(String(e)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Panel title="My positions" aside={<span class="muted">kept in this browser only; sent once, when you press the button, and not stored</span>}>
        <form onSubmit={(e) => { e.preventDefault(); void run(); }}>
          <Editor entries={entries} onChange={change} />
          <div class="toolbar">
            <button type="submit" class="button" disabled={busy}>{busy ? "computing…" : "Stress them"}</button>
            <button type="button" class="chip" onClick={() => change([...entries, blank()])}>add a line</button>
            <button type="button" class="chip" onClick={() => saveCsv(csv(FIELDS.map(([k]) => k), entries.map((e) => FIELDS.map(([k]) => e[k]))), "positions")}>CSV</button>
            <button type="button" class="chip" onClick={() => { change([blank()]); setAnswer(null); say("positions forgotten"); }}>forget all</button>
          </div>
        </form>
      </Panel>
      {!answer && !error && <p class="muted">Size is in coins. The answer says the exact liquidation price from the venue's own margin tiers, what every move of the price would leave, what it would take to move the level away, and which clusters of the map lie between.</p>}
      {error && <Empty error={error} what="answer" />}
      {answer && (
        <>
          <Panel title="Levels">
            <Table
              label="liquidation levels of own positions" rows={answer.positions}
              columns={[
                { name: "symbol", text: true, cell: (r) => `${r.symbol}, ${r.venue}` }, { name: "position", text: true, cell: (r) => <span class={r.position}>{r.position}</span> }, { name: "notional", cell: (r) => numbers.usd(r.notional_usd) }, { name: "price", cell: (r) => numbers.price(r.price) },
                { name: "liquidated at", cell: (r) => <b data-testid="level">{numbers.price(r.liquidation_price)}</b> }, { name: "away", cell: (r) => numbers.change(r.distance, 1), by: (r) => r.distance }, { name: "state", text: true, cell: (r) => r.error ?? r.state }, { name: "tier", cell: (r) => numbers.plain(r.tier, 0) }, { name: "maintenance", cell: (r) => numbers.share(r.maintenance_rate, 2) },
              ]}
            />
          </Panel>
          <div class="two">{answer.positions.map((r) => <Detail key={r.line} result={r} />)}</div>
        </>
      )}
    </>
  );
}
