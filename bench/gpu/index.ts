import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { useTestDriver } from '../../scripts/gpu-driver.ts'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { openDevice } from '../../src/engines/webgpu/device.ts'
import { createWebgpuEngine } from '../../src/engines/webgpu/index.ts'
import type { Bench } from '../bench.ts'
import { CHAIN, chain } from './chain.ts'
import { RECIPE, recipe } from './recipe.ts'
import { REPORT, report } from './report.ts'

export const gpu: Bench = {
  about:
    'the flight delays, their report, and a chain over them, on the graphics device: bytes beside the fewest possible and beside stages',
  cases: [...RECIPE, ...REPORT, ...CHAIN],
  async run(options) {
    const folder = mkdtempSync(join(tmpdir(), 'galley-bench-'))
    const host = createDuckdbEngine({ memoryMiB: 1024, temp: join(folder, 'tmp') })
    // a machine with a GPU runs on it: the software driver is named where there is none
    if (!existsSync('/dev/dri') && !existsSync('/dev/nvidia0')) useTestDriver()
    const device = await openDevice()
    const engine = createWebgpuEngine({ host, open: async () => device, memoryMiB: 4096 })
    const means = { host, engine, folder, device }
    const asked = (cases: readonly string[]) => cases.some((name) => name.startsWith(options.prefix))
    try {
      const parts = [
        ...(asked(RECIPE) ? [await recipe(options, means)] : []),
        ...(asked(REPORT) ? [await report(options, means)] : []),
        ...(asked(CHAIN) ? [await chain(options, means)] : []),
      ]
      return {
        rows: parts.flatMap((p) => p.rows).filter((row) => row.case.startsWith(options.prefix)),
        notes: parts.flatMap((p) => p.notes),
        versions: {},
      }
    } finally {
      await engine.close()
      await host.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
