import { recipe, scan } from '../../src/index.ts'
import { run } from '../../src/runs/runner.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { median, type Row } from '../bench.ts'
import { type Setting, withGalley } from './setting.ts'

export const dagCases = ['dag-500', 'dag-500-again']

/** What a step may cost beside its work. */
const BAR = 0.005

/** Steps of one row each, every one reading the one before: what is left of their time is Galley's. */
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

/** Runs of 500 steps that are computed, and runs of the same that are all kept. */
export async function dagRows({ wanted, runs, small, signal, say, notes }: Setting): Promise<Row[]> {
  const steps = small ? 50 : 500
  return withGalley(async (galley, folder) => {
    const scope = await galley.scope()
    const seconds: Record<string, number[]> = { 'dag-500': [], 'dag-500-again': [] }
    for (let i = 0; i < runs; i++)
      for (const name of dagCases) {
        const began = performance.now()
        await run(galley.ware, scope, chain(steps, String(i)), { folder, signal, on: () => {} })
        const each = (performance.now() - began) / 1000 / steps
        seconds[name]?.push(each)
        say(`${name} ${(each * 1000).toFixed(2)} ms a step`)
      }
    notes.push(
      `dag: seconds are those of one of ${steps} steps, each of one row, which it also computes and writes as Parquet`,
    )
    return dagCases.filter(wanted).map((name) => {
      const galleys = median(seconds[name] ?? [])
      return { case: name, peer: 'the bar', unit: 's', galley: galleys, peerValue: BAR, ratio: galleys / BAR }
    })
  })
}
