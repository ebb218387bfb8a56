/** Shapes of the API's answers, as docs/reference/json.md and its neighbours describe them. Nothing here computes. */

export type Position = "long" | "short";
export type Kind = "modelled" | "realised" | "measured";

export interface Sides {
  long_usd: number;
  short_usd: number;
}

export interface SideCoverage {
  open_interest_usd: number | null;
  explained_usd: number | null;
  outside_window_usd: number | null;
  older_than_history_usd: number | null;
  no_reachable_level_usd: number | null;
  unseen_usd: number | null;
  observed_usd: number | null;
}

export interface DistanceBand {
  low: number;
  high: number | null;
  long_share: number | null;
  short_share: number | null;
  long_usd: number;
  short_usd: number;
  accounts: number;
}

export interface Coverage {
  share: number | null;
  observed_share: number | null;
  long: SideCoverage;
  short: SideCoverage;
  by_distance: DistanceBand[];
}

export interface VenueState {
  venue: string;
  symbol: string;
  quote: string;
  settle: string;
  price: number | null;
  price_source: string;
  open_interest_usd: number | null;
  last_ts: string;
  age_s: number | null;
  mark_source: string;
  entry_source: string;
}

export interface Head {
  kind: Kind;
  quantity: string;
  simulated: boolean;
  unit: string;
  asset: string;
  as_of: string;
  window: string;
  price: number;
  reference: string;
  open_interest_usd: number | null;
  coverage: Coverage | null;
  lookahead: boolean;
  prints_scope: string;
  identified_distance: number | null;
  venues: VenueState[];
  model: { name: string; version: string; calibration: string; parameters: Record<string, unknown> };
  warnings: string[];
}

export interface Bin extends Sides {
  price_low: number;
  price_high: number;
  by_venue: Record<string, Sides>;
  by_leverage: Record<string, Sides>;
}

export interface Curve {
  price: number[];
  long_usd: number[];
  short_usd: number[];
}

export interface Band {
  share: number;
  price: number[];
  long_low_usd: number[];
  long_high_usd: number[];
  short_low_usd: number[];
  short_high_usd: number[];
}

export interface LevelMap extends Head {
  totals: Sides;
  bins: Bin[];
  cumulative: Curve;
  cumulative_band?: Band;
}

export interface Candle {
  time_open: string;
  time_close: string;
  open: number;
  high: number;
  low: number;
  close: number;
}

export interface Print {
  time: string;
  venue: string;
  liquidated: Position;
  price: number;
  notional_usd: number;
}

export interface HeatmapHead extends Head {
  times: string[];
  price_edges: number[];
  candles: Candle[];
  prints: Print[];
}

export interface HeatmapTree extends HeatmapHead {
  long_usd: number[][];
  short_usd: number[][];
}

export interface HeatmapBinaryHead extends HeatmapHead {
  scale: { min_usd: number; max_usd: number; kind: string };
  shape: [number, number];
  layers: string[];
}

export interface Market {
  asset: string;
  venues: { venue: string; symbol: string }[];
  first: string | null;
  last: string | null;
}

export interface Markets {
  markets: Market[];
  default_asset: string | null;
  simulated: boolean;
  live: boolean;
  as_of: string | null;
}

export interface Cluster {
  position: Position;
  price_low: number;
  price_high: number;
  peak_price: number;
  usd: number;
  share_of_side: number;
  usd_low: number;
  usd_high: number;
  distance: number;
  near_distance: number;
  distance_vols: number;
  leverage: Record<string, number>;
  venues: Record<string, number>;
  identified: boolean;
  touch_probability: number;
  priority: string;
  intensity: string | null;
  risk: string | null;
  confluence: string[];
  missing: Record<string, string>;
}

export interface Clusters extends Head {
  below: Cluster[];
  above: Cluster[];
  daily_volatility: number;
  volatility_source: string;
  notes: string[];
}

export interface Candles {
  time_ms: number[];
  open: (number | null)[];
  high: (number | null)[];
  low: (number | null)[];
  close: (number | null)[];
  volume_usd: (number | null)[];
  open_interest_usd: (number | null)[];
  funding_rate_8h: (number | null)[];
}

export interface Total extends Sides {
  hours: number;
  usd: number;
  long_share: number | null;
  prints: number | null;
  at_least: boolean;
  recorded_share: number | null;
}

export interface Realised {
  asset: string;
  as_of: string;
  simulated: boolean;
  prints_scope: string;
  totals: Total[];
  exchanges: { venue: string; symbols: string[]; source: string; censoring: string; totals: Total[] }[];
  largest: { venue: string; symbol: string; time: string; liquidated: Position; price: number; usd: number } | null;
  warnings: string[];
}

export interface Quantiles {
  p05: number;
  p50: number;
  p95: number;
}

export interface Cascade extends Head {
  shock: { kind: string; amount: number; direction: "down" | "up"; words: string };
  horizon_s: number;
  shock_s: number;
  runs: number;
  calibrated: boolean;
  probabilities_are: string;
  regime: { name: string; basis: string; depth_factor: number };
  reached: Quantiles;
  reached_by_the_shock_alone: Quantiles;
  liquidated_usd: Quantiles;
  amplification: Quantiles;
  fund_draw_usd: Quantiles;
  deleveraged_usd: Quantiles;
  taken_over_usd: Quantiles;
  ended_by: Record<string, number>;
  shock_needed: { price: number; usd: number | null }[];
  branching: { price: number; ratio: number | null }[];
  self_sustaining: { from: number; to: number }[];
  sequence: { price: number; usd: number; probability: number; band: [number, number]; then_next: number | null; liquidated_if_reached_usd: number | null }[];
  exceedance: { liquidated_over_usd: number; probability: number; band: [number, number] }[];
  by_venue: Record<string, { liquidated_usd: Quantiles; sold_to_book_usd: Quantiles; fuel_usd: number; depth_1_percent_usd: number | null }>;
}

export interface PublicPosition {
  account: string;
  symbol: string;
  position: Position;
  notional_usd: number;
  account_usd: number;
  qty_native: number;
  entry_price: number;
  mark_price: number;
  liquidation_price: number | null;
  distance: number | null;
  leverage: number | null;
  margin_mode: string | null;
  unrealised_pnl_usd: number | null;
  age_s: number;
  whale: boolean;
  time: string;
}

export interface Positions {
  as_of: string;
  positions_seen: number;
  accounts_seen: number;
  positions: PublicPosition[];
  by_account_size: (Sides & { low_usd: number; high_usd: number | null; accounts: number; positions: number; near_usd: number })[];
  by_pnl: (Sides & { cohort: string; accounts: number; positions: number; near_usd: number })[];
  changes: { account: string; position: Position; change: string; before_usd: number; after_usd: number; level_before: number | null; level_after: number | null; time_after: string }[];
  changes_total: number;
  warnings: string[];
}

export interface Problem {
  title: string;
  status: number;
  detail: string;
}
