/** Moments in the time zone of choice; UTC is always named beside it. */

export const ZONES = ["UTC", "local", "America/New_York", "America/Los_Angeles", "Europe/London", "Europe/Berlin", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Hong_Kong", "Asia/Tokyo", "Australia/Sydney"];

export function zoneName(zone: string): string {
  return zone === "local" ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone;
}

const cache = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, style: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone}|${style}`;
  let made = cache.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(undefined, { ...options, timeZone: zoneName(zone), hourCycle: "h23" });
    cache.set(key, made);
  }
  return made;
}

const DAY: Intl.DateTimeFormatOptions = { year: "numeric", month: "short", day: "2-digit" };
const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };

export const toMs = (moment: string | number): number => (typeof moment === "number" ? moment : Date.parse(moment));

export function moment(at: string | number, zone: string): string {
  return formatter(zone, "moment", { ...DAY, ...CLOCK }).format(toMs(at));
}

export function clock(at: string | number, zone: string): string {
  return formatter(zone, "clock", { ...CLOCK, second: "2-digit" }).format(toMs(at));
}

export function dayAndClock(at: string | number, zone: string): string {
  return formatter(zone, "dayclock", { month: "short", day: "2-digit", ...CLOCK }).format(toMs(at));
}

export function day(at: string | number, zone: string): string {
  return formatter(zone, "day", { month: "short", day: "2-digit" }).format(toMs(at));
}

/** The moment with its zone, and UTC too where that is another clock. */
export function momentWithUtc(at: string | number, zone: string): string {
  const utc = `${moment(at, "UTC")} UTC`;
  return zoneName(zone) === "UTC" ? utc : `${moment(at, zone)} ${zoneName(zone)} (${clock(at, "UTC").slice(0, 5)} UTC)`;
}

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };

/** Milliseconds of a window such as 12h or 7d; NaN where it cannot be read. */
export function windowMs(text: string): number {
  const match = /^(\d+)([mhdwy])$/.exec(text);
  return match ? Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? Number.NaN) : Number.NaN;
}
