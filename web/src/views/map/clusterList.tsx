/** The heavy levels as a list, nearest the price in the middle: what a trader reads first. */

import type { Resource } from "../../api/resource";
import * as numbers from "../../model/numbers";
import { within } from "../../model/bars";
import type { Cluster, Clusters, LevelMap } from "../../model/schema";
import { Panel, SplitBar } from "../../ui/controls";
import { Loaded } from "../../ui/states";

function Row(props: { cluster: Cluster; most: number; onPick: (c: Cluster) => void }) {
  const c = props.cluster;
  const title = `between ${numbers.usd(c.usd_low)} and ${numbers.usd(c.usd_high)} under other smoothings; ${numbers.plain(c.distance_vols, 1)} daily volatilities away; ${Object.entries(c.leverage).slice(0, 2).map(([l, s]) => `${l} ${numbers.share(s)}`).join(", ")}`;
  return (
    <li>
      <button type="button" class={`cluster ${c.position}`} title={title} onClick={() => props.onPick(c)}>
        <span class="cluster-bar" style={{ width: `${Math.max(2, (c.usd / props.most) * 100)}%` }} aria-hidden="true" />
        <span class="cluster-price">{numbers.price(c.peak_price)}</span>
        <span>{numbers.change(c.distance, 1)}</span>
        <span>{numbers.usd(c.usd)}</span>
        <span class="muted" title="chance of a touch within 24 h: driftless random walk at the realised volatility, uncalibrated">{numbers.chance(c.touch_probability)}</span>
        <span class="muted">{Object.keys(c.leverage)[0] ?? ""}</span>
      </button>
    </li>
  );
}

export function ClusterPanel(props: { clusters: Resource<Clusters>; onPick: (c: Cluster) => void }) {
  return (
    <Panel title="Heavy levels" class="clusters">
      <Loaded of={props.clusters} what="clusters">
        {(found) => {
          const most = Math.max(1, ...[...found.above, ...found.below].map((c) => c.usd));
          const above = [...found.above].sort((a, b) => b.peak_price - a.peak_price);
          const below = [...found.below].sort((a, b) => b.peak_price - a.peak_price);
          return (
            <>
              <div class="cluster-head" aria-hidden="true"><span>peak</span><span>away</span><span>USD</span><span>touch</span><span>lev</span></div>
              <ol class="cluster-list" aria-label="clusters of shorts above the price">{above.map((c) => <Row key={c.peak_price} cluster={c} most={most} onPick={props.onPick} />)}</ol>
              <div class="cluster-now"><span>{numbers.price(found.price)}</span><span class="muted">price · ▲ shorts buy · ▼ longs sell</span></div>
              <ol class="cluster-list" aria-label="clusters of longs below the price">{below.map((c) => <Row key={c.peak_price} cluster={c} most={most} onPick={props.onPick} />)}</ol>
              {found.notes.map((n) => <p class="muted" key={n}>{n}</p>)}
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

/** Both sides within the same distance: the only fair comparison, for over the whole range they are equal by construction. */
export function AroundPanel(props: { map: LevelMap; reach: number }) {
  const rows = [0.01, 0.02, 0.05, 0.1].filter((d) => d <= props.reach + 1e-9);
  return (
    <Panel title="Within reach">
      <table class="small">
        <thead><tr><th scope="col" class="text">distance</th><th scope="col" class="long">longs below</th><th scope="col"><span class="hidden">balance</span></th><th scope="col" class="short">shorts above</th></tr></thead>
        <tbody>
          {rows.map((d) => {
            const s = within(props.map, d);
            return <tr key={d}><th scope="row" class="text">±{numbers.share(d)}</th><td>{numbers.usd(s.long_usd)}</td><td class="split-cell"><SplitBar long={s.long_usd} short={s.short_usd} /></td><td>{numbers.usd(s.short_usd)}</td></tr>;
          })}
        </tbody>
      </table>
    </Panel>
  );
}
