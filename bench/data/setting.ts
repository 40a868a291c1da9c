import type { DuckdbEngine } from '../../src/engines/duckdb/index.ts'
import type { RunContext } from '../../src/engines/engine.ts'
import { median } from '../bench.ts'

/** What a case of this benchmark works with. */
export interface Setting {
  readonly engine: DuckdbEngine
  context(): RunContext
  wanted(name: string): boolean
  readonly runs: number
  readonly small: boolean
  say(line: string): void
  readonly notes: string[]
}

/** Seconds and processor seconds of this process, the median of each. */
export async function timed(runs: number, work: () => Promise<unknown>): Promise<{ seconds: number; cpu: number }> {
  const seconds: number[] = []
  const cpu: number[] = []
  for (let k = 0; k < runs; k++) {
    const used = process.cpuUsage()
    const began = performance.now()
    await work()
    seconds.push((performance.now() - began) / 1000)
    const { user, system } = process.cpuUsage(used)
    cpu.push((user + system) / 1e6)
  }
  return { seconds: median(seconds), cpu: median(cpu) }
}
