/** Numbers as people read them, in the user's own locale. A null is "not known" and shows as a dash, never as zero. */

export const UNKNOWN = "–";

const cache = new Map<string, Intl.NumberFormat>();

function formatter(key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  let made = cache.get(key);
  if (!made) {
    made = new Intl.NumberFormat(undefined, options);
    cache.set(key, made);
  }
  return made;
}

type Maybe = number | null | undefined;

const known = (value: Maybe): value is number => value !== null && value !== undefined && Number.isFinite(value);

/** Short USD: $1.23M; three significant digits. */
export function usd(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  if (value === 0) return usdFull(0);
  return formatter("usd", { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol", notation: "compact", minimumSignificantDigits: 3, maximumSignificantDigits: 3 }).format(value);
}

/** Axis labels: as short as they stay true. */
export function usdTick(value: number): string {
  return formatter("tick", { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol", notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

/** Whole USD with separators, for tooltips and copies that must equal the API's number. */
export function usdFull(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  return formatter("full", { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol", maximumFractionDigits: 0 }).format(value);
}

/** A price with as many decimals as its size asks for. */
export function price(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  const size = Math.abs(value);
  const digits = size >= 10_000 ? 0 : size >= 1000 ? 1 : size >= 10 ? 2 : size >= 0.1 ? 4 : 6;
  return formatter(`price${digits}`, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** A price on an axis: no more decimals than the tick needs. */
export function priceTick(value: number): string {
  return formatter("priceTick", { maximumSignificantDigits: 7 }).format(value);
}

export function plain(value: Maybe, digits = 2): string {
  return known(value) ? formatter(`plain${digits}`, { maximumFractionDigits: digits }).format(value) : UNKNOWN;
}

/** A fraction as percent. */
export function share(value: Maybe, digits = 0): string {
  return known(value) ? formatter(`share${digits}`, { style: "percent", maximumFractionDigits: digits }).format(value) : UNKNOWN;
}

/** A probability: below half a percent it is not zero. */
export function chance(value: Maybe): string {
  return known(value) && value > 0 && value < 0.005 ? `<${share(0.01)}` : share(value);
}

/** A relative change with its sign. */
export function change(value: Maybe, digits = 2): string {
  return known(value)
    ? formatter(`change${digits}`, { style: "percent", maximumFractionDigits: digits, minimumFractionDigits: Math.min(1, digits), signDisplay: "exceptZero" }).format(value)
    : UNKNOWN;
}

/** An age in words: 12 s, 4 min, 3 h, 2 d. */
export function age(seconds: Maybe): string {
  if (!known(seconds)) return UNKNOWN;
  const s = Math.max(0, seconds);
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} d`;
}

/** 0x1234…abcd */
export const shortAccount = (account: string): string => (account.length > 13 ? `${account.slice(0, 6)}…${account.slice(-4)}` : account);
