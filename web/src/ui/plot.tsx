/** A canvas that redraws with its data and its size. */

import { useEffect, useRef } from "preact/hooks";
import { drawLines, type LinePicture } from "../render/linePlot";

export function Plot(props: { picture: LinePicture; label: string; class?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(props.picture);
  latest.current = props.picture;
  const draw = (): void => { if (canvas.current) drawLines(canvas.current, latest.current); };
  useEffect(() => {
    const frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  });
  useEffect(() => {
    if (!canvas.current) return;
    const watch = new ResizeObserver(draw);
    watch.observe(canvas.current);
    return () => watch.disconnect();
  }, []);
  return <canvas ref={canvas} class={`chart plot ${props.class ?? ""}`} role="img" aria-label={props.label} />;
}
