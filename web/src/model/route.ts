/** The address: everything that a link must restore, as #/view/ASSET?key=value. Pure text in, plain data out. */

export const VIEWS = ["map", "heatmap", "realised", "hyperliquid", "cascade", "report", "stress", "accuracy", "health", "guide"] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  view: View;
  asset: string;
  params: Record<string, string>;
}

export const DEFAULTS: Record<string, string> = {
  window: "7d", kind: "modelled", range: "15%", bars: "linear", axis: "linear", amounts: "usd", side: "both",
  shock: "-5%", sort: "size", layer: "both", colour: "linear",
};

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view = "", asset = ""] = path.split("/").map(decodeURIComponent);
  return {
    view: (VIEWS as readonly string[]).includes(view) ? (view as View) : "map",
    asset: asset.toUpperCase(),
    params: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function formatRoute(route: Route): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(route.params).sort()) if (value !== "" && value !== DEFAULTS[key]) params.set(key, value);
  const query = params.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
  return `#/${route.view}${route.asset ? `/${encodeURIComponent(route.asset)}` : ""}${query ? `?${query}` : ""}`;
}

export const param = (route: Route, key: string): string => route.params[key] ?? DEFAULTS[key] ?? "";
