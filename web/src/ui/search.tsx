/** Find an asset: type, arrows, Enter. `/` puts the cursor here. */

import { useRef, useState } from "preact/hooks";
import { asset, go, markets } from "../state";

function matches(text: string): string[] {
  const wanted = text.trim().toUpperCase();
  const all = markets.value?.markets ?? [];
  const fits = all.filter((m) => m.asset.toUpperCase().includes(wanted) || m.venues.some((v) => v.symbol.toUpperCase().includes(wanted)));
  return fits.sort((a, b) => Number(b.asset.startsWith(wanted)) - Number(a.asset.startsWith(wanted))).map((m) => m.asset).slice(0, 12);
}

export function AssetSearch() {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const found = open ? matches(text) : [];
  const pick = (name: string | undefined): void => {
    if (!name) return;
    go({ asset: name });
    setOpen(false);
    input.current?.blur();
  };
  const keys = (event: KeyboardEvent): void => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) {
      event.preventDefault();
      setChosen((i) => (i + move + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter") pick(found[chosen] ?? (text.trim().toUpperCase() || undefined));
    else if (event.key === "Escape") input.current?.blur();
  };
  return (
    <div class="search">
      <input
        ref={input} id="asset-search" type="text" role="combobox" aria-label="Asset" aria-expanded={open} aria-controls="asset-list" aria-autocomplete="list"
        aria-activedescendant={open && found[chosen] ? `asset-${found[chosen]}` : undefined} autocomplete="off" spellcheck={false}
        value={open ? text : asset.value} placeholder="asset"
        onFocus={() => { setText(""); setChosen(0); setOpen(true); }} onBlur={() => setTimeout(() => setOpen(false), 120)}
        onInput={(e) => { setText(e.currentTarget.value); setChosen(0); }} onKeyDown={keys}
      />
      <ul id="asset-list" role="listbox" aria-label="Assets" hidden={!open}>
        {found.map((name, i) => (
          <li key={name} id={`asset-${name}`} role="option" aria-selected={i === chosen} onMouseDown={() => pick(name)}>
            <b>{name}</b>
            <span>{[...new Set(markets.value?.markets.find((m) => m.asset === name)?.venues.map((v) => v.venue))].join(", ")}</span>
          </li>
        ))}
        {open && found.length === 0 && <li role="option" aria-selected={false} aria-disabled="true">no asset of that name here</li>}
      </ul>
    </div>
  );
}
