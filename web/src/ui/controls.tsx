/** Chips, selects, switches: every control is a real button or field, so that keyboard and screen reader work by themselves. */

import type { ComponentChildren } from "preact";

interface Choice {
  value: string;
  label: string;
  title?: string;
}

export function Chips(props: { label: string; choices: readonly Choice[]; value: string; onChange: (value: string) => void }) {
  return (
    <div class="chips" role="group" aria-label={props.label}>
      {props.choices.map((c) => (
        <button type="button" key={c.value} class="chip" title={c.title} aria-pressed={c.value === props.value} onClick={() => props.onChange(c.value)}>
          {c.label}
        </button>
      ))}
    </div>
  );
}

/** Several may be on; none on means all. */
export function ManyChips(props: { label: string; choices: readonly (Choice & { swatch?: string })[]; values: readonly string[]; onChange: (values: string[]) => void }) {
  const on = (value: string): boolean => props.values.length === 0 || props.values.includes(value);
  const toggle = (value: string): void => {
    const current = props.values.length === 0 ? props.choices.map((c) => c.value) : [...props.values];
    const next = current.includes(value) ? current.filter((v) => v !== value) : [...current, value];
    props.onChange(next.length === 0 || next.length === props.choices.length ? [] : next);
  };
  return (
    <div class="chips" role="group" aria-label={props.label}>
      {props.choices.map((c) => (
        <button type="button" key={c.value} class="chip" title={c.title} aria-pressed={on(c.value)} onClick={() => toggle(c.value)}>
          {c.swatch && <Swatch colour={c.swatch} />}
          {c.label}
        </button>
      ))}
    </div>
  );
}

export function Swatch(props: { colour: string }) {
  return <span class="swatch" style={{ background: props.colour }} aria-hidden="true" />;
}

export function Select(props: { label: string; choices: readonly Choice[]; value: string; onChange: (value: string) => void }) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <select aria-label={props.label} value={props.value} onChange={(e) => props.onChange(e.currentTarget.value)}>
        {props.choices.map((c) => (
          <option key={c.value} value={c.value}>{c.label}</option>
        ))}
      </select>
    </label>
  );
}

export function Slider(props: { label: string; min: number; max: number; step?: number; value: number; text: string; wide?: boolean; onInput: (value: number) => void }) {
  return (
    <label class={props.wide ? "field slider wide" : "field slider"}>
      <span>{props.label}</span>
      <input type="range" aria-label={props.label} min={props.min} max={props.max} step={props.step ?? 1} value={props.value} aria-valuetext={props.text} onInput={(e) => props.onInput(Number(e.currentTarget.value))} />
      <output>{props.text}</output>
    </label>
  );
}

export function Toggle(props: { label: string; on: boolean; title?: string; onChange: (on: boolean) => void }) {
  return (
    <button type="button" class="chip" aria-pressed={props.on} title={props.title} onClick={() => props.onChange(!props.on)}>
      {props.label}
    </button>
  );
}

export function Panel(props: { title: string; children: ComponentChildren; aside?: ComponentChildren; class?: string }) {
  return (
    <section class={`panel ${props.class ?? ""}`} aria-label={props.title}>
      <header class="panel-head">
        <h2>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}

/** A number with its name and unit below a headline. */
export function Figure(props: { label: string; value: ComponentChildren; note?: ComponentChildren; tone?: "long" | "short" | "warning" }) {
  return (
    <div class={`figure ${props.tone ?? ""}`}>
      <span class="figure-label">{props.label}</span>
      <strong>{props.value}</strong>
      {props.note && <span class="figure-note">{props.note}</span>}
    </div>
  );
}

/** Longs against shorts as one bar; the words carry what the colour shows. */
export function SplitBar(props: { long: number; short: number; words?: string }) {
  const sum = props.long + props.short;
  const part = sum > 0 ? (props.long / sum) * 100 : 50;
  return (
    <span class="split" role="img" aria-label={props.words ?? `${Math.round(part)} % longs, ${Math.round(100 - part)} % shorts`}>
      <span class="split-long" style={{ width: `${part}%` }} />
    </span>
  );
}
