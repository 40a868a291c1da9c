import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createLedger } from '../../src/engines/ledger.ts'
import { runPlan } from '../../src/engines/plans.ts'
import { recipe, scan } from '../../src/index.ts'
import type { Galley } from '../../src/main.ts'
import { boundPlan } from '../../src/runs/inline.ts'
import { run } from '../../src/runs/runner.ts'
import type { PlanSpec, Recipe } from '../../src/runs/specs.ts'
import { median, type Row } from '../bench.ts'
import { type Setting, withGalley } from './setting.ts'

export const dagCases = ['dag-500', 'dag-500-again']

/** What a step may cost beside its work, seconds. */
const BAR = 0.005

/** Steps of one row each, every one reading the one before. */
function chain(steps: number, start: string): Recipe {
  return recipe('chain', (k) => {
    let t = scan({ kind: 'rows', rows: [[start]] }, { n: 'int64' })
    for (let i = 0; i < steps; i++)
      t = k.step(
        `step-${i}`,
        t.derive((r) => ({ n: r.n.plus(1) })),
      )
    k.dataset('end', t)
  })
}

/** The same plans, each to a Parquet file, and nothing else: seconds. */
async function bare(galley: Galley, made: Recipe, folder: string, signal: AbortSignal): Promise<number> {
  mkdirSync(folder)
  const ctx = { duckdb: galley.duckdb, scope: await galley.scope(), signal, ledger: createLedger() }
  const file = (id: string) => join(folder, `${id}.parquet`)
  const began = performance.now()
  for (const { id, spec } of made.steps) {
    const root = boundPlan((spec as PlanSpec).plan.root, (input) => ({ files: [file(input)] }))
    await runPlan(ctx, root, { parquet: file(id) })
  }
  return (performance.now() - began) / 1000
}

/** What 500 steps that are computed cost beside their work, and 500 that are all kept. */
export async function dagRows({ wanted, runs, small, signal, say, notes }: Setting): Promise<Row[]> {
  const steps = small ? 50 : 500
  return withGalley(async (galley, home) => {
    const scope = await galley.scope()
    const beside: Record<string, number[]> = { 'dag-500': [], 'dag-500-again': [] }
    const whole: number[] = []
    for (let i = 0; i < runs; i++) {
      const made = chain(steps, String(i))
      const work = await bare(galley, made, join(home, `bare-${i}`), signal)
      for (const name of dagCases) {
        const began = performance.now()
        await run(galley.ware, scope, made, { folder: home, signal, on: () => {} })
        const took = (performance.now() - began) / 1000
        if (name === 'dag-500') whole.push(took)
        const each = Math.max(0, took - (name === 'dag-500' ? work : 0)) / steps
        beside[name]?.push(each)
        say(`${name} ${(each * 1000).toFixed(2)} ms a step beside ${((work * 1000) / steps).toFixed(2)} ms of work`)
      }
    }
    notes.push(`dag: what a step of ${steps} costs beside computing its one row and writing it as Parquet; the whole took ${median(whole).toFixed(1)} s`) // biome-ignore format: one line
    return dagCases.filter(wanted).map((name) => {
      const galleys = median(beside[name] ?? [])
      return { case: name, peer: 'the bar', unit: 's', galley: galleys, peerValue: BAR, ratio: galleys / BAR }
    })
  })
}
