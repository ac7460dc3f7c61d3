import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// The server `palabre serve` answers the API; it tells the client where its media edge is.
const server = process.env["PALABRE_SERVER"] ?? "http://localhost:8080";

export default defineConfig({
  plugins: [svelte()],
  build: { target: "es2022", sourcemap: true },
  server: { proxy: { "/api": { target: server } } },
  test: { include: ["src/**/*.test.ts", "test/**/*.test.ts"], testTimeout: 5_000 },
});
