/** One-letter keys of the page; fields keep theirs. */

import { VIEWS } from "../model/route";
import { copyLink } from "./copy";
import { go, themeName } from "../state";

export const KEYS: [string, string][] = [
  ["1 … 9, 0", "views in order"], ["/", "find an asset"], ["t", "dark or light"], ["l", "copy the link"], ["← →", "move along the price or through time"],
  ["Shift + ← →", "widen the chosen stretch"], ["+ −", "zoom"], ["Enter", "keep the zone under the cursor"], ["Space", "play or stop time travel"], ["Esc", "let go"], ["?", "this guide"],
];

export function listenToKeys(): void {
  window.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement | null;
    if (event.ctrlKey || event.metaKey || event.altKey || target?.closest("input, select, textarea")) return;
    const view = event.key === "0" ? VIEWS[9] : VIEWS[Number(event.key) - 1];
    if (view) go({ view, params: {} });
    else if (event.key === "/") {
      event.preventDefault();
      document.getElementById("asset-search")?.focus();
    } else if (event.key === "t") themeName.value = themeName.value === "dark" ? "light" : "dark";
    else if (event.key === "l") void copyLink();
    else if (event.key === "?") go({ view: "guide", params: {} });
  });
}
