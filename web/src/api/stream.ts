import type { LevelMap } from "../model/schema";
export function useMapStream(map: LevelMap | null, _wanted: { window: string; live: boolean }): LevelMap | null {
  return map;
}
