/** The live stream: one socket for the page, joined again after a loss; the newest state wins. */

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { embedded } from "./client";

export interface Message {
  channel: string;
  asset: string;
  seq: number;
  as_of: string;
  skipped: number;
  data: Record<string, unknown>;
}

interface Wanted {
  channel: string;
  asset: string;
  window?: string;
  kind?: string;
}

type Listener = (message: Message) => void;

const wants = new Map<string, { wanted: Wanted; listeners: Set<Listener> }>();
/** How the socket is: null before anybody wanted it. */
export const connected = signal<boolean | null>(null);
let socket: WebSocket | null = null;
let pause = 500;

const keyOf = (w: Wanted): string => [w.channel, w.asset, w.window ?? "", w.kind ?? ""].join("|");

function tell(op: "subscribe" | "unsubscribe", wanted: Wanted): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ op, ...wanted }));
}

function receive(text: string): void {
  const message = JSON.parse(text) as Partial<Message> & { op?: string };
  if (message.op === "ping") return socket?.send('{"op":"pong"}');
  if (!message.channel || !message.data) return;
  for (const { wanted, listeners } of wants.values()) {
    if (wanted.channel === message.channel && wanted.asset === message.asset) for (const listener of listeners) listener(message as Message);
  }
}

function open(): void {
  if (socket || embedded || wants.size === 0) return;
  const made = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/v1/stream`);
  socket = made;
  made.onopen = () => {
    pause = 500;
    connected.value = true;
    for (const { wanted } of wants.values()) tell("subscribe", wanted);
  };
  made.onmessage = (event) => receive(String(event.data));
  made.onclose = () => {
    socket = null;
    connected.value = false;
    pause = Math.min(pause * 2, 15_000);
    setTimeout(open, pause);
  };
}

function listen(wanted: Wanted, listener: Listener): () => void {
  const key = keyOf(wanted);
  const held = wants.get(key) ?? { wanted, listeners: new Set<Listener>() };
  held.listeners.add(listener);
  if (!wants.has(key)) {
    wants.set(key, held);
    tell("subscribe", wanted);
  }
  open();
  return () => {
    held.listeners.delete(listener);
    if (held.listeners.size > 0) return;
    wants.delete(key);
    tell("unsubscribe", wanted);
  };
}

/** Call back at every message of a channel, as long as `wanted` is not null. */
export function useStream(wanted: Wanted | null, onMessage: Listener): void {
  useEffect(() => (wanted && !embedded ? listen(wanted, onMessage) : undefined), [wanted ? keyOf(wanted) : ""]);
}

/** The newest price of an asset while rows arrive; null otherwise. */
export function useLivePrice(asset: string, live: boolean): number | null {
  const [price, setPrice] = useState<number | null>(null);
  useEffect(() => setPrice(null), [asset, live]);
  useStream(live ? { channel: "price", asset } : null, (message) => setPrice(Number(message.data["price"]) || null));
  return live ? price : null;
}

/** Ask again when the map has changed, at most every two seconds. */
export function useMapNews(asset: string, window_: string, live: boolean, reload: () => void): void {
  const [last, setLast] = useState(0);
  useStream(live ? { channel: "map", asset, window: window_ } : null, (message) => {
    if (message.seq <= 1 || Date.now() - last < 2000) return;
    setLast(Date.now());
    reload();
  });
}
