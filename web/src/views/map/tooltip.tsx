/** Every number under the pointer, with its unit. */

import { binAt, onTheWay, total, zoneOf } from "../../model/bars";
import * as numbers from "../../model/numbers";
import type { LevelMap, Sides } from "../../model/schema";
import { leverageColours, venueColours, type Theme } from "../../render/colours";
import { Swatch } from "../../ui/controls";

const top = (parts: Record<string, Sides>, most: number): [string, Sides][] => Object.entries(parts).sort((a, b) => total(b[1]) - total(a[1])).slice(0, most);

export function Tooltip(props: { map: LevelMap; price: number; brush: { from: number; to: number } | null; x: number; width: number; theme: Theme; leverages: readonly string[] }) {
  const { map, brush } = props;
  const first = binAt(map.bins, brush ? Math.min(brush.from, brush.to) : props.price);
  const last = brush ? binAt(map.bins, Math.max(brush.from, brush.to)) : first;
  const zone = first < 0 && last < 0 ? null : zoneOf(map.bins, Math.max(0, first), last < 0 ? map.bins.length - 1 : last);
  if (!zone) return null;
  const below = (zone.price_low + zone.price_high) / 2 < map.price;
  const way = onTheWay(map, below ? zone.price_low : zone.price_high);
  const side = props.x > props.width / 2 ? { right: `${props.width - props.x + 14}px` } : { left: `${props.x + 14}px` };
  const venues = venueColours(props.theme, [...new Set(map.venues.map((v) => v.venue))]);
  const bands = leverageColours(props.theme, props.leverages);
  return (
    <div class="tooltip" style={side} data-testid="tooltip">
      <strong>{numbers.price(zone.price_low)} – {numbers.price(zone.price_high)}</strong>
      <span class="muted">{numbers.change((below ? zone.price_low : zone.price_high) / map.price - 1)} from the price{brush ? " · sum of the stretch" : ""}</span>
      <dl>
        {zone.long_usd > 0 && <><dt class="long">longs, they sell</dt><dd data-usd={zone.long_usd}>{numbers.usdFull(zone.long_usd)}</dd></>}
        {zone.short_usd > 0 && <><dt class="short">shorts, they buy</dt><dd data-usd={zone.short_usd}>{numbers.usdFull(zone.short_usd)}</dd></>}
        {total(zone) === 0 && <><dt>nothing here</dt><dd>{numbers.usdFull(0)}</dd></>}
        {map.kind !== "realised" && <><dt title="liquidated if price went from here to the far edge">on the way, {way.position}s</dt><dd data-way={way.usd}>{numbers.usdFull(way.usd)}</dd></>}
      </dl>
      <ul>
        {top(zone.by_venue, 5).map(([name, s]) => <li key={name}><Swatch colour={venues[name] ?? props.theme.muted} />{name}<b>{numbers.usd(total(s))}</b></li>)}
        {top(zone.by_leverage, 4).map(([name, s]) => <li key={name}><Swatch colour={bands[name] ?? props.theme.muted} />{name}<b>{numbers.usd(total(s))}</b></li>)}
      </ul>
    </div>
  );
}
