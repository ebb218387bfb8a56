/** What stands where an answer is missing: on its way, empty, failed. All take the room the answer will take. */

import { ProblemError } from "../api/client";
import type { Resource } from "../api/resource";
import type { ComponentChildren } from "preact";

export function Skeleton(props: { label: string; kind?: "chart" | "rows" }) {
  return (
    <div class={`skeleton ${props.kind ?? "rows"}`} role="status" aria-label={`loading ${props.label}`}>
      {props.kind === "chart" ? <SkeletonBars /> : Array.from({ length: 5 }, (_, i) => <span key={i} class="skeleton-row" />)}
    </div>
  );
}

function SkeletonBars() {
  const heights = [18, 34, 60, 44, 26, 14, 30, 52, 70, 38, 22, 12];
  return <>{heights.map((h, i) => <span key={i} class="skeleton-bar" style={{ height: `${h}%` }} />)}</>;
}

export function Empty(props: { error: Error | null; what: string; onRetry?: () => void }) {
  const problem = props.error instanceof ProblemError ? props.error.problem : null;
  const gone = problem?.status === 0;
  return (
    <div class={gone ? "empty failed" : "empty"} role={gone ? "alert" : "status"}>
      <strong>{gone ? "No connection" : `No ${props.what}`}</strong>
      <p>{props.error?.message ?? "Nothing here yet."}</p>
      {props.onRetry && <button type="button" class="button" onClick={props.onRetry}>Try again</button>}
    </div>
  );
}

/** The answer, or what stands for it. */
export function Loaded<T>(props: { of: Resource<T>; what: string; kind?: "chart" | "rows"; slow?: string; children: (data: T) => ComponentChildren }) {
  const { data, error, loading, reload } = props.of;
  if (data !== null) return <>{props.children(data)}</>;
  if (error && !loading) return <Empty error={error} what={props.what} onRetry={reload} />;
  return <>{(props.of.waiting || props.slow) && <p class="note" role="status">{props.of.waiting || props.slow}</p>}<Skeleton label={props.what} kind={props.kind ?? "rows"} /></>;
}

/** Notes of a result: the first few open, the rest on request. */
export function Notes(props: { notes: readonly string[] }) {
  const line = (note: string) => <p class="note" key={note}>{note}</p>;
  return (
    <div class="notes">
      {props.notes.slice(0, 2).map(line)}
      {props.notes.length > 2 && <details><summary>{props.notes.length - 2} more notes</summary>{props.notes.slice(2).map(line)}</details>}
    </div>
  );
}
