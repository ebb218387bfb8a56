/** Controls that several views share: window, venues, leverage, and what to take away. */

import { copyLink, copyText } from "./copy";
import { Chips, ManyChips, Select } from "./controls";
import { venueColours } from "../render/colours";
import { asset, at, isFile, markets, setParams, theme } from "../state";

export const WINDOWS = ["12h", "24h", "3d", "7d", "30d", "90d", "1y"];

export function WindowChips() {
  const own = at("window");
  const all = WINDOWS.includes(own) ? WINDOWS : [...WINDOWS, own];
  return <Chips label="Window" value={own} choices={all.map((w) => ({ value: w, label: w, title: `positions opened in the last ${w} and still open` }))} onChange={(window) => setParams({ window, zone: "" })} />;
}

export function venuesOf(name: string): string[] {
  return [...new Set(markets.value?.markets.find((m) => m.asset === name)?.venues.map((v) => v.venue) ?? [])];
}

export const chosenVenues = (): string[] => at("venues").split(",").filter(Boolean);

export function VenueChips() {
  const all = venuesOf(asset.value);
  if (all.length < 2) return null;
  const colours = venueColours(theme.value, all);
  return <ManyChips label="Venues" values={chosenVenues()} choices={all.map((v) => ({ value: v, label: v, swatch: colours[v] ?? "" }))} onChange={(venues) => setParams({ venues: venues.join(",") })} />;
}

const LEVERAGES = [["", "any leverage"], ["50+", "50x and more"], ["25-50", "25–50x"], ["10-25", "10–25x"], ["5-10", "5–10x"], ["1-5", "up to 5x"]] as const;

export function LeverageSelect() {
  return <Select label="leverage" value={at("leverage")} choices={LEVERAGES.map(([value, label]) => ({ value, label }))} onChange={(leverage) => setParams({ leverage })} />;
}

export function TakeAway(props: { onPng?: () => void; onCsv?: () => void; api?: string | null }) {
  return (
    <div class="take" role="group" aria-label="Take away">
      {props.onPng && <button type="button" class="chip" onClick={props.onPng} title="copy as picture">PNG</button>}
      {props.onCsv && <button type="button" class="chip" onClick={props.onCsv} title="save the numbers">CSV</button>}
      {!isFile && <button type="button" class="chip" onClick={() => void copyLink()} title="copy the link to exactly this view (l)">Link</button>}
      {!isFile && props.api && <button type="button" class="chip" onClick={() => void copyText(new URL(props.api ?? "", location.href).href, "API address")} title={`copy the address of the numbers: ${props.api}`}>API</button>}
    </div>
  );
}
