/** How to read all this, in pictures; right about sides. */

import { Panel } from "../ui/controls";
import { KEYS } from "../ui/keys";

/** Bars around a price: longs below, shorts above. */
function Sides() {
  const long = [16, 30, 58, 40, 24, 12, 6];
  const short = [5, 14, 26, 46, 34, 20, 12];
  return (
    <svg viewBox="0 0 520 190" role="img" aria-label="Long levels lie below the price on the left, short levels above it on the right" class="drawing">
      {long.map((h, i) => <rect key={i} class="d-long" x={30 + i * 30} y={140 - h * 1.6} width="24" height={h * 1.6} />)}
      {short.map((h, i) => <rect key={i} class="d-short" x={282 + i * 30} y={140 - h * 1.6} width="24" height={h * 1.6} />)}
      <path class="d-curve-long" d="M258 140 C 200 136, 160 120, 120 70 S 60 34, 30 28" />
      <path class="d-curve-short" d="M262 140 C 320 136, 370 118, 400 84 S 450 52, 490 46" />
      <path class="d-price" d="M260 18V146" />
      <text x="260" y="14" class="d-mid">price now</text>
      <text x="135" y="160" class="d-mid d-long">LONGS, below the price</text>
      <text x="390" y="160" class="d-mid d-short">SHORTS, above the price</text>
      <text x="135" y="176" class="d-mid">price falls there → they are closed → SELL</text>
      <text x="390" y="176" class="d-mid">price rises there → they are closed → BUY</text>
    </svg>
  );
}

function Snowball() {
  return (
    <svg viewBox="0 0 520 150" role="img" aria-label="A fall meets long levels, forced selling deepens it, until the order book absorbs it" class="drawing">
      <path class="d-line" d="M20 30 L110 38 L150 60 L200 66 L230 100 L290 108 L330 122 L400 118 L490 100" />
      <rect class="d-band" x="20" y="56" width="480" height="12" /><rect class="d-band" x="20" y="96" width="480" height="14" />
      <text x="500" y="52" class="d-end d-long">long levels: forced selling</text><text x="500" y="92" class="d-end d-long">the next ones</text>
      <circle class="d-long" cx="150" cy="60" r="6" /><circle class="d-long" cx="230" cy="100" r="9" />
      <text x="410" y="140" class="d-mid">the book takes it: it stops</text>
    </svg>
  );
}

function HeatDrawing() {
  const rows = [[3, 3, 4, 4, 5, 5, 6], [1, 1, 2, 2, 2, 3, 3], [0, 0, 0, 0, 1, 1, 1]];
  return (
    <svg viewBox="0 0 520 150" role="img" aria-label="A heatmap: bands persist until price touches them, then they end" class="drawing">
      {rows.map((row, r) => row.map((v, c) => <rect key={`${r}-${c}`} class="d-short" opacity={v / 8} x={20 + c * 66} y={12 + r * 12} width="66" height="10" />))}
      {rows.map((row, r) => row.map((v, c) => (r === 0 && c > 3 ? null : <rect key={`l${r}-${c}`} class="d-long" opacity={v / 7} x={20 + c * 66} y={96 + r * 12} width="66" height="10" />)))}
      <path class="d-line" d="M20 70 L80 64 L140 72 L200 80 L262 102 L300 84 L360 74 L480 66" />
      <circle class="d-long" cx="270" cy="101" r="9" opacity="0.8" />
      <text x="285" y="146" class="d-mid">price met the band: it was liquidated (bubble), the band ends</text>
    </svg>
  );
}

const KINDS = [
  ["modelled", "estimated from public trades and open interest: looks ahead, can be wrong"],
  ["measured", "computed from positions that are public (Hyperliquid): exact where an account was seen, silent where not"],
  ["realised", "liquidations that happened, as far as exchanges publish them: looks back"],
] as const;

const FAQ: [string, string][] = [
  ["Is a big cluster a magnet?", "No edge of that kind has survived a fair test here so far. The report shows how often each signal held beside how often the same thing happened without it."],
  ["Are short levels above the price a resistance?", "A liquidated short buys: a cluster there is fuel for a rise into it. What comes after it is spent is a question for the hit rate, not a rule."],
  ["Do short liquidations push the price down?", "No. They are forced buying and push it up. Long liquidations are forced selling and push it down."],
  ["More longs than shorts in the map: is the market long?", "No. Every contract has both. Compare sides only within the same distance: the panel “Within reach” does."],
  ["Why is the total different elsewhere?", "Other sites add up other things, mostly unnamed. Here: USD, one-sided, positions of the window still open, the named venues, never more than open interest. Press “relative” to compare shapes."],
  ["Outstanding or expected?", "Outstanding: what is open and has its level there. Expected: what exchanges would publish as liquidated if price touched it now; needs a calibration and says which."],
  ["Why is part of the open interest missing?", "It was opened before the window, before the recordings begin, or has no reachable level (unlevered, hedged). The strip under each chart says how much of each; none of it is spread over the bars."],
];

export function GuideView() {
  return (
    <div class="guide">
      <Panel title="Two sides">
        <Sides />
        <p>A bar says how much would be closed by force at a stretch of price. <b class="long">Long</b> positions are liquidated when price falls to them: they lie <b>below</b> and <b>sell</b>. <b class="short">Short</b> positions are liquidated when price rises to them: they lie <b>above</b> and <b>buy</b>. The curves add the bars up outward from the price: their height at a price is everything on the way there.</p>
      </Panel>
      <Panel title="Over time">
        <HeatDrawing />
        <p>In the heatmap time runs to the right and each column shows what was known at its own moment. A band lasts while positions stay open, ends when price meets it, fades as they are closed. Bubbles are liquidations that happened. Move the slider or press Space to travel.</p>
      </Panel>
      <Panel title="When one sets off the next">
        <Snowball />
        <p>Forced orders move the price too. Whether that reaches the next level depends on how much the order books can take: the Cascade view walks them, level by level, and says the order it takes to get anywhere.</p>
      </Panel>
      <Panel title="Three kinds, never mixed"><dl class="kinds">{KINDS.map(([k, words]) => <div key={k}><dt><span class={`kind ${k}`}>{k}</span></dt><dd>{words}</dd></div>)}</dl></Panel>
      <Panel title="Asked often"><dl class="faq">{FAQ.map(([q, a]) => <div key={q}><dt>{q}</dt><dd>{a}</dd></div>)}</dl></Panel>
      <Panel title="Pointing and keys">
        <p>Point at a bar for its numbers, click it for its zone, drag over a stretch for its sum, turn the wheel to zoom, double-click to see all again. With fingers: tap, drag, pinch.</p>
        <dl class="keys">{KEYS.map(([k, what]) => <div key={k}><dt><kbd>{k}</kbd></dt><dd>{what}</dd></div>)}</dl>
      </Panel>
    </div>
  );
}
