/** A table that scrolls sideways on its own, sorts by any column and can be picked with the keyboard. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

export interface Column<Row> {
  name: string;
  title?: string;
  cell: (row: Row) => ComponentChildren;
  /** Sortable where given. */
  by?: (row: Row) => number | string | null;
  text?: boolean;
}

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  onPick?: (row: Row) => void;
  picked?: (row: Row) => boolean;
  sortedBy?: string;
}

function compare(a: number | string | null, b: number | string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

export function Table<Row>(props: Props<Row>) {
  const [sort, setSort] = useState<{ name: string; down: boolean } | null>(props.sortedBy ? { name: props.sortedBy, down: true } : null);
  const column = sort ? props.columns.find((c) => c.name === sort.name) : undefined;
  const by = column?.by;
  const rows = by && sort ? [...props.rows].sort((a, b) => compare(by(a), by(b)) * (sort.down ? -1 : 1)) : props.rows;
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label={props.label}>
      <table>
        <thead>
          <tr>
            {props.columns.map((c) => (
              <th key={c.name} scope="col" title={c.title} class={c.text ? "text" : ""} aria-sort={sort?.name === c.name ? (sort.down ? "descending" : "ascending") : undefined}>
                {c.by ? (
                  <button type="button" class="sort" onClick={() => setSort((s) => ({ name: c.name, down: s?.name === c.name ? !s.down : true }))}>
                    {c.name}
                    <span aria-hidden="true">{sort?.name === c.name ? (sort.down ? " ▾" : " ▴") : ""}</span>
                  </button>
                ) : (
                  c.name
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i} class={props.picked?.(row) ? "picked" : ""}>
              {props.columns.map((c, k) => (
                <td key={c.name} class={c.text ? "text" : ""}>
                  {k === 0 && props.onPick ? (
                    <button type="button" class="link" onClick={() => props.onPick?.(row)}>{c.cell(row)}</button>
                  ) : (
                    c.cell(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
