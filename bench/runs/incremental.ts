import { count, dataset, generate, recipe, sum, values } from '../../src/index.ts'
import type { Galley } from '../../src/main.ts'
import { run } from '../../src/runs/runner.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { median, type Row } from '../bench.ts'
import { type Setting, withGalley } from './setting.ts'

export const incrementalCases = ['incremental-rows', 'incremental-groups']

const COLUMNS = {
  id: values.sequence(),
  shop: values.uniform('int32', { min: 1, max: 1000 }),
  price: values.normal({ mean: 100, sd: 20 }),
  amount: values.uniform('int64', { min: 1, max: 9 }),
}

/** Rows that are added to what is there. */
const raw = (seed: number, rows: number): Recipe =>
  recipe('raw', (k) => {
    k.dataset('raw', k.source('made', generate('made', { rows, seed, columns: COLUMNS })), { write: 'append' })
  })

/** What is made of them: as rows, or in groups; from what came, or from all. */
const made = (groups: boolean, incremental: boolean): Recipe =>
  recipe(`${groups ? 'groups' : 'rows'}-${incremental}`, (k) => {
    const read = k.source('raw-read', dataset('raw', { id: 'int64', shop: 'int32', price: 'float64', amount: 'int64' }))
    const worth = read.filter((r) => r.price.gt(60)).derive((r) => ({ worth: r.price.times(r.amount) }))
    const table = groups ? worth.aggregate(['shop'], (r) => ({ worth: sum(r.worth), rows: count() })) : worth
    k.dataset(`${groups ? 'groups' : 'rows'}-${incremental}`, table as typeof worth, { incremental })
  })

/** What a run takes after 1 % came, beside the same recipe computing all. */
export async function incrementalRows({ wanted, runs, small, signal, say, notes }: Setting): Promise<Row[]> {
  const size = small ? 200_000 : 10_000_000
  return withGalley(async (galley, folder) => {
    await timed(galley, raw(0, size), folder, signal)
    const took: Record<string, { own: number[]; whole: number[] }> = {}
    const both = async (note: boolean) => {
      for (const name of incrementalCases.filter(wanted)) {
        const groups = name === 'incremental-groups'
        const whole = await timed(galley, made(groups, false), folder, signal)
        const own = await timed(galley, made(groups, true), folder, signal)
        if (!note) continue
        took[name] ??= { own: [], whole: [] }
        took[name].own.push(own)
        took[name].whole.push(whole)
        say(`${name} ${own.toFixed(2)} s, all ${whole.toFixed(2)} s`)
      }
    }
    await both(false)
    for (let i = 1; i <= runs; i++) {
      await timed(galley, raw(i, size / 100), folder, signal)
      await both(true)
    }
    notes.push(`incremental: ${(size / 100).toLocaleString('en-US')} rows came to ${size.toLocaleString('en-US')}; the peer is the same recipe without incremental: true`) // biome-ignore format: one line
    return Object.entries(took).map(([name, t]) => {
      const [own, whole] = [median(t.own), median(t.whole)]
      return { case: name, peer: 'computed whole', unit: 's', galley: own, peerValue: whole, ratio: own / whole }
    })
  })
}

async function timed(galley: Galley, one: Recipe, folder: string, signal: AbortSignal): Promise<number> {
  const began = performance.now()
  await run(galley.ware, await galley.scope(), one, { folder, signal, on: () => {} })
  return (performance.now() - began) / 1000
}
