import { defineConfig } from "vite";

declare const process: { env: Record<string, string | undefined> };

/** Where the page of a source tree lies; the build hook and the launcher name another folder through the environment. */
const target = process.env["LIQATLAS_PAGE_OUT"] ?? "../src/liqatlas/server/page";

export default defineConfig({
  base: "/",
  build: {
    outDir: target,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    // one script: the single-file export inlines it, and the whole is smaller than a photograph
    rollupOptions: { output: { codeSplitting: false } },
  },
  server: { port: 5173, proxy: { "/v1": "http://127.0.0.1:8765", "/ws": { target: "ws://127.0.0.1:8765", ws: true } } },
});
