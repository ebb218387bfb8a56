/** Feeds: who is alive, how old the newest row is, what is missing. Asks again every ten seconds while it is open. */

import { useEffect } from "preact/hooks";
import { address } from "../api/client";
import { useResource } from "../api/resource";
import * as moments from "../model/moments";
import * as numbers from "../model/numbers";
import { go, zone } from "../state";
import { Figure, Panel } from "../ui/controls";
import { TakeAway } from "../ui/fields";
import { Loaded } from "../ui/states";
import { Table } from "../ui/table";

interface Feed { venue: string; symbol: string; asset: string; tables: string[]; first_ts: string | null; last_ts: string | null; age_s: number | null; gaps: number; stale: boolean }
interface Health { live: boolean; simulated: boolean; now: string; stale_after_s: number; feeds: Feed[] }

const state = (h: Health, f: Feed): string => (f.stale ? "stale" : h.live ? "live" : "recorded");

export function HealthView() {
  const url = address("/v1/health");
  const health = useResource<Health>(url);
  useEffect(() => {
    const timer = setInterval(health.reload, 10_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <Loaded of={health} what="feeds">
      {(h) => (
        <>
          <Panel title="Feeds" aside={<TakeAway api={url} />}>
            <div class="figures wide">
              <Figure label="data" value={h.simulated ? "SIMULATED" : h.live ? "recorded live" : "recorded earlier"} note={`clock ${moments.momentWithUtc(h.now, zone.value)}`} />
              <Figure label="feeds" value={numbers.plain(h.feeds.length)} note={`${h.feeds.filter((f) => f.stale).length} stale: older than ${numbers.age(h.stale_after_s)}${h.live ? "" : " than the newest row of all"}`} />
              <Figure label="gaps of the last 24 h" value={numbers.plain(h.feeds.reduce((s, f) => s + f.gaps, 0))} note="known and not filled" />
            </div>
            <Table
              label="feeds by venue and symbol" rows={h.feeds} onPick={(f) => go({ view: "map", asset: f.asset, params: {} })}
              columns={[
                { name: "feed", text: true, cell: (f) => `${f.venue} ${f.symbol}`, by: (f) => `${f.venue} ${f.symbol}` },
                { name: "state", text: true, cell: (f) => <span class={`feed ${state(h, f)}`}><span class="dot" aria-hidden="true" /> {state(h, f)}</span>, by: (f) => (f.stale ? 1 : 0) },
                { name: "age", cell: (f) => numbers.age(f.age_s), by: (f) => f.age_s },
                { name: "newest", text: true, cell: (f) => (f.last_ts ? moments.moment(f.last_ts, zone.value) : numbers.UNKNOWN), by: (f) => f.last_ts },
                { name: "since", text: true, cell: (f) => (f.first_ts ? moments.moment(f.first_ts, zone.value) : numbers.UNKNOWN) },
                { name: "gaps", cell: (f) => numbers.plain(f.gaps), by: (f) => f.gaps },
                { name: "holds", text: true, cell: (f) => f.tables.map((t) => t.replaceAll("_", " ")).join(", ") },
              ]}
            />
          </Panel>
          <p class="muted">A map says the age of its own feeds in the strip below it; what a feed does not hold, no view invents.</p>
        </>
      )}
    </Loaded>
  );
}
