/** Every request of the page. Answers of an exported file come from the file itself. */

import { cellsOf, decodeBinary, type Cells } from "../model/cells";
import type { HeatmapTree, Problem } from "../model/schema";

/** The server's sentence about why it cannot answer. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

interface Embedded {
  note: string;
  /** The address to open at. */
  start: string;
  answers: Record<string, unknown>;
}

function readEmbedded(): Embedded | null {
  const element = document.getElementById("liqatlas-data");
  return element?.textContent ? (JSON.parse(element.textContent) as Embedded) : null;
}

/** What an exported file holds; null on a server's page. */
export const embedded = readEmbedded();

/** Whether an answer can be had: always of a server, of a file only what it holds. */
export const holds = (path: string): boolean => embedded === null || path in embedded.answers;

export type Query = Record<string, string | number | undefined>;

/** The address of an API call, parameters in a fixed order. */
export function address(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const key of Object.keys(query).sort()) {
    const value = query[key];
    if (value !== undefined && value !== "") params.set(key, String(value));
  }
  const text = params.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
  return text ? `${path}?${text}` : path;
}

function fromFile(url: string): unknown {
  const path = url.split("?")[0] ?? url;
  const answer = embedded?.answers[path];
  if (answer === undefined) throw new ProblemError({ title: "not in this file", status: 404, detail: `This is an exported file: ${embedded?.note ?? ""} Other windows, moments and views need a running \`liqatlas serve\`.` });
  return answer;
}

async function problemOf(response: Response): Promise<ProblemError> {
  const text = await response.text();
  try {
    const tree = JSON.parse(text) as Partial<Problem>;
    return new ProblemError({ title: tree.title ?? response.statusText, status: response.status, detail: tree.detail ?? "" });
  } catch {
    return new ProblemError({ title: response.statusText || "no answer", status: response.status, detail: text.slice(0, 300) });
  }
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ProblemError({ title: "no connection", status: 0, detail: "The server does not answer. Is `liqatlas serve` still running?" });
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

export async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  if (embedded) return fromFile(url) as T;
  const response = await ask(url, { headers: { Accept: "application/json" }, ...(signal ? { signal } : {}) });
  return (await response.json()) as T;
}

export async function postJson<T>(url: string, body: unknown): Promise<T> {
  if (embedded) return fromFile(url) as T;
  const response = await ask(url, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) });
  return (await response.json()) as T;
}

const HEATMAP = "application/vnd.liqatlas.heatmap";

async function unpacked(base64: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

export async function getHeatmap(url: string, signal?: AbortSignal): Promise<Cells> {
  if (embedded) return decodeBinary(await unpacked(fromFile(url) as string));
  const response = await ask(url, { headers: { Accept: `${HEATMAP}, application/json;q=0.5` }, ...(signal ? { signal } : {}) });
  if ((response.headers.get("Content-Type") ?? "").startsWith(HEATMAP)) return decodeBinary(await response.arrayBuffer());
  return cellsOf((await response.json()) as HeatmapTree);
}
