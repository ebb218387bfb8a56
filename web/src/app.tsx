/** Which view the address asks for. A view that fails takes itself down, not the page. */

import { Component, type ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { View } from "./model/route";
import { asset, loadMarkets, markets, marketsError, route, isFile } from "./state";
import { Empty, Skeleton } from "./ui/states";
import { Shell, TITLES } from "./ui/shell";
import { AccuracyView } from "./views/accuracy";
import { CascadeView } from "./views/cascade";
import { GuideView } from "./views/guide";
import { HealthView } from "./views/health";
import { HeatmapView } from "./views/heatmap/heatmapView";
import { HyperliquidView } from "./views/hyperliquid";
import { MapView } from "./views/map/mapView";
import { RealisedView } from "./views/realised";
import { ReportView } from "./views/report";
import { StressView } from "./views/stress";

const SHOWN: Record<View, () => ComponentChildren> = {
  map: MapView, heatmap: HeatmapView, realised: RealisedView, hyperliquid: HyperliquidView, cascade: CascadeView, report: ReportView, stress: StressView, accuracy: AccuracyView, health: HealthView, guide: GuideView,
};

class Guarded extends Component<{ children: ComponentChildren }, { error: Error | null }> {
  override state = { error: null as Error | null };

  override componentDidCatch(error: Error): void {
    console.error(error);
    this.setState({ error });
  }

  override render() {
    return this.state.error ? <Empty error={this.state.error} what="view: this is a defect of the page" onRetry={() => this.setState({ error: null })} /> : this.props.children;
  }
}

export function App() {
  const { view } = route.value;
  useEffect(() => {
    void loadMarkets();
    if (isFile) return;
    const timer = setInterval(() => void loadMarkets(), 30_000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => { document.title = `${asset.value ? `${asset.value} · ` : ""}${TITLES[view]} · liqatlas`; }, [view, asset.value]);
  const Shows = SHOWN[view];
  const needsAsset = !["guide", "health", "stress"].includes(view);
  const waiting = needsAsset && !asset.value;
  return (
    <Shell>
      <Guarded key={view}>{!waiting ? <Shows /> : marketsError.value ? <Empty error={marketsError.value} what="markets" onRetry={() => void loadMarkets()} /> : markets.value ? <Empty error={new Error("The server holds no data yet. As soon as the first trades and open interest are recorded, the map appears here.")} what="data yet" /> : <Skeleton label="markets" kind="chart" />}</Guarded>
    </Shell>
  );
}
