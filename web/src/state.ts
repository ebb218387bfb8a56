/** What the whole page shares: the address, personal taste, markets. */

import { computed, effect, signal } from "@preact/signals";
import { embedded, getJson } from "./api/client";
import type { Markets } from "./model/schema";
import { formatRoute, param, parseRoute, type Route } from "./model/route";
import { applyTheme, theme as themeOf, type ThemeName } from "./render/colours";

function remembered(key: string, otherwise: string): string {
  try {
    return localStorage.getItem(`liqatlas.${key}`) ?? otherwise;
  } catch {
    return otherwise; // storage is closed to files and in private windows: taste lasts for the visit only
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`liqatlas.${key}`, value);
  } catch {
    /* see above */
  }
}

const prefersLight = window.matchMedia?.("(prefers-color-scheme: light)").matches ?? false;

export const themeName = signal<ThemeName>(remembered("theme", prefersLight ? "light" : "dark") === "light" ? "light" : "dark");
export const theme = computed(() => themeOf(themeName.value));
export const zone = signal(remembered("zone", "UTC"));
export const route = signal<Route>(parseRoute(location.hash || (embedded?.start ?? "")));
export const markets = signal<Markets | null>(null);
export const marketsError = signal<Error | null>(null);
/** Set by whatever view found simulated data; the banner shows over all. */
export const simulated = signal(false);
/** Said once to eyes and screen readers: "copied", "loaded". */
export const said = signal("");

effect(() => {
  applyTheme(themeName.value);
  remember("theme", themeName.value);
});
effect(() => remember("zone", zone.value));

export const asset = computed(() => route.value.asset || markets.value?.default_asset || "");

window.addEventListener("hashchange", () => {
  route.value = parseRoute(location.hash);
});

/** Change the address; `quiet` leaves no entry to go back to. */
export function go(change: Partial<Route>, quiet = false): void {
  const next = formatRoute({ ...route.value, ...change });
  if (next === location.hash) return;
  if (quiet) {
    history.replaceState(null, "", next);
    route.value = parseRoute(next);
  } else location.hash = next;
}

export function setParams(change: Record<string, string>, quiet = false): void {
  go({ params: { ...route.value.params, ...change } }, quiet);
}

export const at = (key: string): string => param(route.value, key);

export function say(text: string): void {
  said.value = text;
  setTimeout(() => {
    if (said.value === text) said.value = "";
  }, 2600);
}

export async function loadMarkets(): Promise<void> {
  try {
    markets.value = await getJson<Markets>("/v1/markets");
    marketsError.value = null;
    if (markets.value.simulated) simulated.value = true;
  } catch (error) {
    marketsError.value = error instanceof Error ? error : new Error(String(error));
  }
}

export const isFile = embedded !== null;
