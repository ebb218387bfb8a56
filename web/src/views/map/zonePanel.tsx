/** A chosen zone: mass, distance, who, what it takes to get there. */

import { address } from "../../api/client";
import { useResource } from "../../api/resource";
import { onTheWay, total, type Zone } from "../../model/bars";
import * as numbers from "../../model/numbers";
import type { Cascade, Cluster, LevelMap, Sides } from "../../model/schema";
import { Figure, Panel } from "../../ui/controls";

function Parts(props: { title: string; parts: Record<string, Sides>; native?: (name: string) => string }) {
  const rows = Object.entries(props.parts).sort((a, b) => total(b[1]) - total(a[1]));
  const sum = rows.reduce((s, [, v]) => s + total(v), 0);
  if (rows.length === 0) return null;
  return (
    <table class="small">
      <caption>{props.title}</caption>
      <thead><tr><th scope="col" class="text">{props.title.split(" ").pop()}</th><th scope="col">USD</th><th scope="col">share</th>{props.native && <th scope="col">its own price</th>}</tr></thead>
      <tbody>
        {rows.map(([name, s]) => (
          <tr key={name}><th scope="row" class="text">{name}</th><td>{numbers.usd(total(s))}</td><td>{numbers.share(sum > 0 ? total(s) / sum : null)}</td>{props.native && <td>{props.native(name)}</td>}</tr>
        ))}
      </tbody>
    </table>
  );
}

/** The level in the venue's own quote: level × own mark / reference price. */
function nativePrice(map: LevelMap, price: number, venue: string): string {
  const own = map.venues.find((v) => v.venue === venue);
  return own?.price ? `${numbers.price((price * own.price) / map.price)} ${own.quote}, ${own.settle} margin` : numbers.UNKNOWN;
}

function ShockNeeded(props: { asset: string; price: number; query: Record<string, string> }) {
  const shock = useResource<Cascade>(address(`/v1/cascade/${props.asset}`, { ...props.query, shock: `level:${Number(props.price.toPrecision(8))}`, runs: 400 }), props.asset);
  if (shock.error && !shock.loading) return <Figure label="order needed to get there" value={numbers.UNKNOWN} note={shock.error.message} />;
  if (!shock.data) return <Figure label="order needed to get there" value="…" note="walking the book" />;
  const down = shock.data.shock.direction === "down";
  const point = shock.data.shock_needed.find((p) => (down ? p.price <= props.price : p.price >= props.price));
  return <Figure label="order needed to get there" value={numbers.usd(point?.usd)} note={`net market ${down ? "selling" : "buying"} at the median depth, liquidations on the way included; books ${shock.data.regime.name} (${shock.data.regime.basis})`} />;
}

export function ZonePanel(props: { map: LevelMap; zone: Zone; clusters: readonly Cluster[]; query: Record<string, string>; onClose: () => void; withShock: boolean }) {
  const { map, zone } = props;
  const middle = (zone.price_low + zone.price_high) / 2;
  const below = middle < map.price;
  const near = below ? zone.price_high : zone.price_low;
  const way = onTheWay(map, below ? zone.price_low : zone.price_high);
  const inside = props.clusters.filter((c) => c.price_low < zone.price_high && c.price_high > zone.price_low);
  return (
    <Panel title={`Zone ${numbers.price(zone.price_low)} – ${numbers.price(zone.price_high)}`} class="zone" aside={<button type="button" class="icon" aria-label="Let go of the zone" onClick={props.onClose}>×</button>}>
      <div class="figures">
        {zone.long_usd > 0 && <Figure tone="long" label="longs, they sell" value={numbers.usd(zone.long_usd)} note={numbers.usdFull(zone.long_usd)} />}
        {zone.short_usd > 0 && <Figure tone="short" label="shorts, they buy" value={numbers.usd(zone.short_usd)} note={numbers.usdFull(zone.short_usd)} />}
        <Figure label="distance" value={numbers.change(near / map.price - 1)} note={`to its near edge ${numbers.price(near)}`} />
        {map.kind !== "realised" && <Figure label={`${way.position}s on the way through`} value={numbers.usd(way.usd)} note="from the price to the far edge" />}
        {props.withShock && <ShockNeeded asset={map.asset} price={near} query={props.query} />}
      </div>
      {inside.length > 0 && <p>{inside.map((c) => `Cluster of ${c.position}s ${numbers.price(c.price_low)}–${numbers.price(c.price_high)}: ${numbers.usd(c.usd)}, ${numbers.chance(c.touch_probability)} chance of a touch in 24 h (random walk, uncalibrated)${c.confluence.length ? `; also ${c.confluence.join(", ")}` : ""}.`).join(" ")}</p>}
      <Parts title="by venue" parts={zone.by_venue} native={(v) => nativePrice(map, middle, v)} />
      <Parts title="by leverage" parts={zone.by_leverage} />
    </Panel>
  );
}
