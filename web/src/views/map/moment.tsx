/** Time travel of the map: the same map as of any earlier moment of the data, with what was known then. */

import { useEffect, useState } from "preact/hooks";
import * as moments from "../../model/moments";
import type { Head } from "../../model/schema";
import { asset, at, markets, setParams, zone } from "../../state";

const STEPS = 240;

export function Moment(props: { head: Head }) {
  const market = markets.value?.markets.find((m) => m.asset === asset.value);
  const first = market?.first ? moments.toMs(market.first) : null;
  const last = market?.last ? moments.toMs(market.last) : null;
  const now = moments.toMs(props.head.as_of);
  const [pulled, setPulled] = useState<number | null>(null);
  const [playing, setPlaying] = useState(false);
  const span = first !== null && last !== null ? last - first : 0;
  const step = span > 0 ? Math.round(((pulled ?? now) - (first ?? 0)) / (span / STEPS)) : STEPS;
  const to = (index: number): void => {
    if (first === null || last === null) return;
    const moment = first + (span * Math.min(STEPS, Math.max(1, index))) / STEPS;
    setPulled(null);
    setParams({ as_of: index >= STEPS ? "" : new Date(Math.round(moment / 60_000) * 60_000).toISOString().replace(".000Z", "Z") }, true);
  };
  useEffect(() => {
    if (!playing) return;
    if (step >= STEPS) return setPlaying(false);
    const timer = setTimeout(() => to(step + 2), 350);
    return () => clearTimeout(timer);
  }, [playing, props.head.as_of]);
  if (span <= 0) return null;
  return (
    <div class="moment">
      <button type="button" class="icon" aria-label={playing ? "Stop" : "Play through time"} onClick={() => { if (!playing && step >= STEPS) to(Math.round(STEPS * 0.5)); setPlaying(!playing); }}>{playing ? "❚❚" : "▶"}</button>
      <input
        type="range" min={1} max={STEPS} value={step} aria-label="Moment of the map" aria-valuetext={moments.momentWithUtc(pulled ?? now, zone.value)}
        onInput={(e) => setPulled((first ?? 0) + (span * Number(e.currentTarget.value)) / STEPS)} onChange={(e) => to(Number(e.currentTarget.value))}
      />
      <output>{moments.momentWithUtc(pulled ?? now, zone.value)}</output>
      {at("as_of") && <button type="button" class="chip" onClick={() => { setPlaying(false); setParams({ as_of: "" }, true); }}>newest</button>}
    </div>
  );
}
