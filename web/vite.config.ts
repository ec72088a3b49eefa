import { defineConfig } from "vite";

// The gateway serves the portal under /ui/ with a policy that allows no inline script and no inline style, so
// nothing may be inlined: no polyfill for module preload, no assets as data URLs.
export default defineConfig({
  base: "/ui/",
  build: {
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
});
