/** Header, navigation, the SIMULATED banner, what was said. */

import type { ComponentChildren } from "preact";
import { VIEWS, type View } from "../model/route";
import * as moments from "../model/moments";
import { embedded } from "../api/client";
import { asset, go, isFile, markets, marketsError, route, said, simulated, themeName, zone } from "../state";
import { AssetSearch } from "./search";

export const TITLES: Record<View, string> = {
  map: "Map", heatmap: "Heatmap", realised: "Realised", hyperliquid: "Hyperliquid", cascade: "Cascade", report: "Report", stress: "Stress", accuracy: "Accuracy", health: "Data health", guide: "How to read this",
};

/** Views of an exported file: only what it holds. */
function offered(): readonly View[] {
  if (!embedded) return VIEWS;
  const held = Object.keys(embedded.answers).map((path) => path.split("/")[2]);
  return VIEWS.filter((v) => v === "guide" || held.includes(v));
}

function Status() {
  const broken = marketsError.value !== null;
  const last = markets.value?.markets.find((m) => m.asset === asset.value)?.last ?? markets.value?.as_of ?? null;
  const ageS = last ? (Date.now() - moments.toMs(last)) / 1000 : null;
  const words = isFile ? "file" : broken ? "no connection" : ageS === null ? "no data" : markets.value?.live && ageS < 120 ? "live" : markets.value?.live ? "stale" : "recorded";
  return (
    <button type="button" class={`status ${words.replace(" ", "-")}`} onClick={() => go({ view: isFile ? "guide" : "health", params: {} })} title={last ? `newest data ${moments.momentWithUtc(last, zone.value)}` : "no data yet"}>
      <span class="dot" aria-hidden="true" /> <span class="status-text">{words}</span>
    </button>
  );
}

function ZoneSelect() {
  return (
    <select class="zone-select" aria-label="Time zone" value={zone.value} onChange={(e) => { zone.value = e.currentTarget.value; }}>
      {moments.ZONES.map((z) => <option key={z} value={z}>{z === "local" ? `local (${moments.zoneName("local")})` : z}</option>)}
    </select>
  );
}

export function Shell(props: { children: ComponentChildren }) {
  const now = route.value.view;
  return (
    <>
      <a class="skip" href="#content" onClick={(e) => { e.preventDefault(); document.getElementById("content")?.focus(); }}>Skip to content</a>
      {simulated.value && <div class="simulated" role="note"><b>SIMULATED</b> — no real market: every number on this page comes from the simulator</div>}
      <header class="top">
        <a class="brand" href={`#/map${asset.value ? `/${asset.value}` : ""}`} aria-label="liqatlas, to the map">
          <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true"><path class="mark-long" d="M3 20h4v9H3zM9 13h4v16H9z" /><path class="mark-short" d="M19 16h4v13h-4zM25 7h4v22h-4z" /><path class="mark-price" d="M16 3v27" /></svg>
          <span>liqatlas</span>
        </a>
        {!isFile && <AssetSearch />}
        <nav aria-label="Views">
          {offered().map((v) => (
            <a key={v} href={`#/${v}${asset.value ? `/${asset.value}` : ""}`} aria-current={v === now ? "page" : undefined}>{TITLES[v]}</a>
          ))}
        </nav>
        <div class="top-right">
          <Status />
          <ZoneSelect />
          <button type="button" class="icon" aria-label={themeName.value === "dark" ? "Light colours" : "Dark colours"} title="dark or light (t)" onClick={() => { themeName.value = themeName.value === "dark" ? "light" : "dark"; }}>
            {themeName.value === "dark" ? "☀" : "☾"}
          </button>
        </div>
      </header>
      <main id="content" tabIndex={-1} class={`view-${now}`}>
        <h1 class="hidden">{TITLES[now]} {asset.value}</h1>
        {props.children}
      </main>
      <footer>
        <span>Research, not advice. A level says where positions would be closed by force, not that price will go there.</span>
        <span>Charts over time: <a href="https://www.tradingview.com/" rel="noopener noreferrer" target="_blank">TradingView</a> Lightweight Charts™, © TradingView, Inc., Apache-2.0.</span>
      </footer>
      <div class="said" role="status" aria-live="polite">{said.value}</div>
    </>
  );
}
