/** Play through the columns: each shows what was known at its own moment. */

import { useEffect, useState } from "preact/hooks";
import type { Cells } from "../../model/cells";
import * as moments from "../../model/moments";
import { Select } from "../../ui/controls";
import { zone } from "../../state";

export function TimeTravel(props: { cells: Cells; column: number; onColumn: (column: number) => void }) {
  const last = props.cells.columns - 1;
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState("8");
  useEffect(() => {
    if (!playing) return;
    if (props.column >= last) return setPlaying(false);
    const timer = setTimeout(() => props.onColumn(props.column + 1), 1000 / Number(speed));
    return () => clearTimeout(timer);
  }, [playing, props.column, speed]);
  const toggle = (): void => {
    if (!playing && props.column >= last) props.onColumn(Math.floor(last * 0.4));
    setPlaying((p) => !p);
  };
  useEffect(() => {
    const keys = (event: KeyboardEvent): void => {
      if (event.key !== " " || (event.target as HTMLElement | null)?.closest("button, input, select, a, summary")) return;
      event.preventDefault();
      toggle();
    };
    window.addEventListener("keydown", keys);
    return () => window.removeEventListener("keydown", keys);
  });
  const words = moments.momentWithUtc(props.cells.head.times[props.column] ?? 0, zone.value);
  return (
    <div class="moment">
      <button type="button" class="icon" aria-label={playing ? "Stop" : "Play through time"} onClick={toggle}>{playing ? "❚❚" : "▶"}</button>
      <input type="range" min={0} max={last} value={props.column} aria-label="Moment shown" aria-valuetext={words} onInput={(e) => { setPlaying(false); props.onColumn(Number(e.currentTarget.value)); }} />
      <output>{words}</output>
      <Select label="speed" value={speed} choices={["4", "8", "16", "32"].map((v) => ({ value: v, label: `${v}/s` }))} onChange={setSpeed} />
      <button type="button" class="chip" disabled={props.column >= last} onClick={() => { setPlaying(false); props.onColumn(last); }}>newest</button>
    </div>
  );
}
