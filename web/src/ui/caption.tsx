/** The strip that no chart goes without: what it is, in which unit, as of when, from whom, how sure. */

import { useEffect } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Head } from "../model/schema";
import * as moments from "../model/moments";
import * as numbers from "../model/numbers";
import { simulated, zone } from "../state";

const QUANTITY: Record<string, string> = {
  outstanding: "open notional with its liquidation price there",
  expected: "published prints if the mark price touched the level now",
  liquidated: "liquidations that happened",
};

const KIND: Record<string, string> = { modelled: "modelled: estimated from trades and open interest", measured: "measured: computed from public positions", realised: "realised: what exchanges published" };

export function captionLines(head: Head, extra = ""): string[] {
  return [
    `${head.simulated ? "SIMULATED · " : ""}${head.asset} · ${head.kind} · ${head.quantity} [${head.unit}] · window ${head.window} · as of ${moments.momentWithUtc(head.as_of, zone.value)}${extra ? ` · ${extra}` : ""}`,
    `${head.venues.map((v) => v.venue).filter((v, i, all) => all.indexOf(v) === i).join(", ")} · price ${numbers.price(head.price)} (${head.reference}) ${head.coverage?.share == null ? "" : ` · coverage ${numbers.share(head.coverage.share)} of open interest`} · ${head.model.name} ${head.model.version}, ${head.model.calibration} · liqatlas`,
  ];
}

/** The newest feed's age in words; stale beyond ten minutes of a result's own moment. */
function Freshness(props: { head: Head }) {
  const oldest = Math.max(0, ...props.head.venues.map((v) => v.age_s ?? 0));
  const stale = oldest > 600;
  return <span class={stale ? "tag warning" : "tag"} title="age of the oldest feed at the moment of the result">{stale ? "stale: " : ""}feeds {numbers.age(oldest)} old</span>;
}

export function Caption(props: { head: Head; children?: ComponentChildren }) {
  const { head } = props;
  useEffect(() => {
    if (head.simulated) simulated.value = true;
  }, [head.simulated]);
  const venues = [...new Set(head.venues.map((v) => v.venue))];
  return (
    <div class="caption">
      <div class="caption-line">
        <strong class={`kind ${head.kind}`} title={KIND[head.kind]}>{head.kind}</strong>
        <span class="tag" title={QUANTITY[head.quantity]}>{head.quantity} · {head.unit}</span>
        <span class="tag">{moments.momentWithUtc(head.as_of, zone.value)}</span>
        <span class="tag">window {head.window}</span>
        <Freshness head={head} />
        {head.coverage && <span class="tag" title="share of one-sided open interest that the bars explain">coverage {head.coverage.share === null ? "unknown" : numbers.share(head.coverage.share)}</span>}
        <span class="tag" title={`model ${head.model.name} ${head.model.version}`}>{head.model.calibration}</span>
        {head.lookahead && <span class="tag warning" title="something younger than the moment was used: calibration, tiers or data">look-ahead</span>}
        {props.children}
      </div>
      <details>
        <summary>{venues.join(", ")} · {head.warnings.length} {head.warnings.length === 1 ? "note" : "notes"} · why totals differ from other sites</summary>
        <div class="caption-more">
          <CoverageTable head={head} />
          {head.warnings.length > 0 && <ul>{head.warnings.map((w) => <li key={w}>{w}</li>)}</ul>}
          <WhyTotalsDiffer head={head} />
        </div>
      </details>
    </div>
  );
}

function CoverageTable(props: { head: Head }) {
  const c = props.head.coverage;
  if (!c) return null;
  const rows: [string, number | null, number | null][] = [
    ["one-sided open interest", c.long.open_interest_usd, c.short.open_interest_usd],
    ["in the bars", c.long.explained_usd, c.short.explained_usd],
    ["opened before the window", c.long.outside_window_usd, c.short.outside_window_usd],
    ["older than the history", c.long.older_than_history_usd, c.short.older_than_history_usd],
    ["no reachable level", c.long.no_reachable_level_usd, c.short.no_reachable_level_usd],
    ["not seen", c.long.unseen_usd, c.short.unseen_usd],
  ];
  return (
    <table class="small">
      <caption>Where the open interest is [USD]</caption>
      <thead><tr><th scope="col" class="text">part</th><th scope="col">longs</th><th scope="col">shorts</th></tr></thead>
      <tbody>{rows.map(([name, long, short]) => <tr key={name}><th scope="row" class="text">{name}</th><td>{numbers.usd(long)}</td><td>{numbers.usd(short)}</td></tr>)}</tbody>
    </table>
  );
}

function WhyTotalsDiffer(props: { head: Head }) {
  return (
    <p>
      Totals of liquidation maps differ between sites because each adds up something else. Here a bar is {QUANTITY[props.head.quantity] ?? props.head.quantity}, counted once
      per contract (one-sided), for positions opened within {props.head.window}, on the venues named above, never more than the open interest of a side. Others use
      unnamed units, count both sides, never remove closed positions, or multiply by leverage. Compare shapes, not totals: <em>relative</em> shows the highest bar as 100 %.
    </p>
  );
}
