/** An answer that a view waits for: the last good one stays on the screen while the next is on its way. */

import { useEffect, useRef, useState } from "preact/hooks";
import { ProblemError, getJson } from "./client";

export interface Resource<T> {
  data: T | null;
  error: ProblemError | Error | null;
  loading: boolean;
  /** The server's word on an answer that takes long; it is asked for again by itself. */
  waiting: string;
  reload: () => void;
}

const kept = new Map<string, unknown>();
const MOST = 40;
/** A long answer is asked for again this often. */
const MOST_TURNS = 60;

function keep(url: string, value: unknown): void {
  kept.delete(url);
  kept.set(url, value);
  const oldest = kept.keys().next().value;
  if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
}

/** Load an address; null loads nothing. A changed `subject` drops the old answer at once (another asset is no placeholder). */
export function useResource<T>(url: string | null, subject = "", load: (url: string, signal: AbortSignal) => Promise<T> = getJson): Resource<T> {
  const [state, setState] = useState<{ url: string | null; subject: string; data: T | null; error: Error | null; waiting?: string }>({ url: null, subject, data: null, error: null });
  const [turn, setTurn] = useState(0);
  const running = useRef<AbortController | null>(null);
  useEffect(() => {
    if (url === null) return;
    const control = new AbortController();
    let timer = 0;
    running.current = control;
    const known = kept.get(url) as T | undefined;
    if (known !== undefined) setState({ url, subject, data: known, error: null });
    load(url, control.signal).then(
      (data) => {
        if (control.signal.aborted) return;
        keep(url, data);
        setState({ url, subject, data, error: null });
      },
      (error: unknown) => {
        if (control.signal.aborted) return;
        if (error instanceof ProblemError && error.problem.status === 503 && turn < MOST_TURNS) {
          setState((before) => ({ url: null, subject, data: before.subject === subject ? before.data : null, error: null, waiting: error.message }));
          timer = window.setTimeout(() => setTurn((n) => n + 1), 2500);
          return;
        }
        setState((before) => ({ url, subject, data: before.subject === subject && known !== undefined ? known : null, error: error instanceof Error ? error : new Error(String(error)) }));
      },
    );
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [url, subject, turn]);
  const same = state.subject === subject;
  return { data: same ? state.data : null, error: same && state.url === url ? state.error : null, loading: url !== null && (state.url !== url || !same), waiting: same ? (state.waiting ?? "") : "", reload: () => setTurn((n) => n + 1) };
}
