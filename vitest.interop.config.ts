import { defineConfig } from 'vitest/config'

/** Third-party clients and libraries against Galley; `npm run interop` installs what they need. */
export default defineConfig({
  test: {
    include: ['tests/interop/**/*.interop.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})
