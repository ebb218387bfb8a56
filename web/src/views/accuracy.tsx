/** How good the estimate is: gains over baselines with intervals, reliability, what the calibration can and cannot tell. */

import { address } from "../api/client";
import { useResource } from "../api/resource";
import * as moments from "../model/moments";
import * as numbers from "../model/numbers";
import { asset, theme, zone } from "../state";
import { Figure, Panel } from "../ui/controls";
import { TakeAway } from "../ui/fields";
import { Plot } from "../ui/plot";
import { Loaded, Notes } from "../ui/states";
import { Table } from "../ui/table";

interface Gain { nats_per_hour_and_position: number; low: number; high: number; rows: number }
interface Prediction { name: string; rows: number; rank_ic: number; predicted_over_realised: number; gain_over: Record<string, Gain>; gain_over_on_calm_days: Record<string, Gain>; gain_over_on_wild_days: Record<string, Gain>; reliability: { predicted_usd: number; realised_usd: number; rows: number }[] }
interface Accuracy {
  asset: string; instrument: string; prints_scope: string; score: string; interval: string; train: { from: string; until: string; hours: number }; test: { from: string; until: string; hours: number; days: number; printed_usd: number };
  predictions: Prediction[]; frozen_above_placebo: Record<string, Gain>; calibration: { identified_distance: number; settings: string; settings_data_until?: string; bucket_edges: number[]; events: number[] } | null; warnings: string[];
}

/** Gains as dots with whiskers on one axis; right of zero is better than the baseline. */
function Gains(props: { title: string; gains: Record<string, Gain> }) {
  const rows = Object.entries(props.gains).sort((a, b) => b[1].nats_per_hour_and_position - a[1].nats_per_hour_and_position);
  const low = Math.min(0, ...rows.map(([, g]) => g.low));
  const high = Math.max(0.01, ...rows.map(([, g]) => g.high));
  const place = (v: number): string => `${((v - low) / (high - low)) * 100}%`;
  return (
    <table class="small gains">
      <caption>{props.title}</caption>
      <thead><tr><th scope="col" class="text">against</th><th scope="col">gain</th><th scope="col" class="text">95 %</th><th scope="col"><span class="hidden">drawn</span></th></tr></thead>
      <tbody>
        {rows.map(([name, g]) => (
          <tr key={name}>
            <th scope="row" class="text">{name}</th>
            <td>{numbers.plain(g.nats_per_hour_and_position, 3)}</td>
            <td class="text muted">{numbers.plain(g.low, 3)} to {numbers.plain(g.high, 3)}{g.low <= 0 && g.high >= 0 ? ", not told apart" : ""}</td>
            <td class="gain-cell" aria-hidden="true"><span class="gain-zero" style={{ left: place(0) }} /><span class={g.low > 0 ? "gain-line good" : g.high < 0 ? "gain-line bad" : "gain-line"} style={{ left: place(g.low), width: `${((g.high - g.low) / (high - low)) * 100}%` }} /><span class="gain-dot" style={{ left: place(g.nats_per_hour_and_position) }} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Reliability(props: { prediction: Prediction }) {
  const t = theme.value;
  const dots = props.prediction.reliability.filter((r) => r.predicted_usd > 0 && r.realised_usd > 0);
  if (dots.length === 0) return <p class="muted">no deciles with prints</p>;
  const all = dots.flatMap((d) => [d.predicted_usd, d.realised_usd]);
  const range: [number, number] = [Math.min(...all) / 2, Math.max(...all) * 2];
  return <Plot class="square-plot" label="mean predicted against mean realised USD by decile" picture={{ theme: t, x: { range, log: true, text: numbers.usdTick, label: "predicted, mean of a tenth" }, y: { range, log: true, text: numbers.usdTick, label: "realised [USD per hour]" }, lines: [{ points: [[range[0], range[0]], [range[1], range[1]]], colour: t.muted, width: 1, dash: [4, 4] }, { points: dots.map((d) => [d.predicted_usd, d.realised_usd] as const), colour: t.short, width: 1 }], dots: dots.map((d) => ({ x: d.predicted_usd, y: d.realised_usd, colour: t.short })) }} />;
}

function Events(props: { calibration: NonNullable<Accuracy["calibration"]> }) {
  const { bucket_edges: edges, events, identified_distance } = props.calibration;
  return (
    <Table
      label="hours that speak about each distance" rows={events.map((e, i) => ({ from: edges[i] ?? 0, to: edges[i + 1] ?? 0, events: e }))}
      columns={[{ name: "distance", text: true, cell: (r) => `${numbers.share(r.from, 2)}–${numbers.share(r.to, 2)}` }, { name: "hours that speak", cell: (r) => numbers.plain(r.events, 0) }, { name: "told apart", text: true, cell: (r) => (r.to <= identified_distance + 1e-9 ? "yes" : "no, greyed in maps") }]}
    />
  );
}

function Shown(props: { a: Accuracy }) {
  const { a } = props;
  const frozen = a.predictions.find((p) => p.name === "frozen") ?? a.predictions[0];
  return (
    <>
      <Panel title={`${a.instrument}: ${a.prints_scope}`}>
        <div class="figures wide">
          <Figure label="scored on unseen hours" value={numbers.plain(a.test.hours)} note={`${moments.day(a.test.from, zone.value)} to ${moments.day(a.test.until, zone.value)}, ${numbers.usd(a.test.printed_usd)} printed`} />
          <Figure label="trained until" value={moments.moment(a.train.until, zone.value)} note={`${numbers.plain(a.train.hours)} hours from ${moments.day(a.train.from, zone.value)}`} />
          {a.predictions.map((p) => <Figure key={p.name} label={`${p.name}: rank correlation`} value={numbers.plain(p.rank_ic, 3)} note={`predicted over realised ${numbers.plain(p.predicted_over_realised, 2)}`} />)}
          {a.calibration && <Figure label="levels told apart out to" value={numbers.share(a.calibration.identified_distance)} note={a.calibration.settings} />}
        </div>
        <p class="muted">{a.score}; {a.interval}. Right of zero is better than the baseline; a whisker over zero is no difference.</p>
      </Panel>
      {a.predictions.map((p) => (
        <div class="two" key={p.name}>
          <Panel title={`${p.name}: gain over baselines`}><Gains title="all days" gains={p.gain_over} /><Gains title="wild days (top fifth by range)" gains={p.gain_over_on_wild_days} /></Panel>
          <Panel title={`${p.name}: reliability`}><Reliability prediction={p} /></Panel>
        </div>
      ))}
      <div class="two">
        {frozen && <Panel title="Placebo: the same forecast with another map"><Gains title="gain of the right map" gains={a.frozen_above_placebo} /></Panel>}
        {a.calibration && <Panel title="What the calibration can tell"><Events calibration={a.calibration} /></Panel>}
      </div>
      <Notes notes={a.warnings} />
    </>
  );
}

export function AccuracyView() {
  const url = asset.value ? address(`/v1/accuracy/${asset.value}`) : null;
  const accuracy = useResource<Accuracy>(url, asset.value);
  return <><div class="toolbar"><TakeAway api={url} /></div><Loaded of={accuracy} what={`scores for ${asset.value}`} slow={`The map of ${asset.value} is scored against all prints there are. The first time this takes a minute or more; afterwards it is kept for an hour.`}>{(a) => <Shown a={a} />}</Loaded></>;
}
