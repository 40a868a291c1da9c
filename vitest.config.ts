import { defineConfig } from 'vitest/config'

/** Tests lie beside the code they test; what spans rooms is under tests/. A conformance suite is run by its users. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts', 'recipes/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // tests that say they are concurrent mostly wait for leases to end
    maxConcurrency: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default'],
  },
})
