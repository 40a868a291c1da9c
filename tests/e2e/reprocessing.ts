import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { csv, recipe } from '../../src/index.ts'
import { reprocess } from '../../src/runs/reprocess/reprocess.ts'
import { run } from '../../src/runs/runner.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { signal, type Written } from './datasets.ts'

export const going = (w: Written) => async (r: Recipe) =>
  run(w.galley.ware, await w.galley.scope(), r, { folder: w.folder, signal, on: () => {} })
export const rereading =
  (w: Written) =>
  async (r: Recipe, dataset: string, more: Partial<Parameters<typeof reprocess>[3]> = {}) =>
    reprocess(w.galley.ware, await w.galley.scope(), r, {
      ...{ dataset, source: undefined, folder: w.folder, signal, on: () => {} },
      ...more,
    })

/** Orders as they were declared first, with whole numbers; and by rules that know pieces, too. */
export function ordersIn({ folder }: Written, name: string, lines: string): { first: Recipe; mended: Recipe } {
  const file = join(folder, `${name}.csv`)
  writeFileSync(file, lines)
  const source = `${name}-lines`
  return {
    first: recipe(name, (k) => {
      const t = k.source(source, csv(file, { id: 'int64', qty: 'int64' }, { broken: 'skip' }))
      k.dataset(name, t, { write: 'append' })
    }),
    mended: recipe(name, (k) => {
      const t = k.source(source, csv(file, { id: 'int64', qty: 'string' }, { broken: 'skip', mostBroken: 0 }))
      const mended = k.step(
        `${name}-mended`,
        t
          .derive((r) => ({ qty: r.qty.replace(' pcs', '').cast('int64', { onError: 'null' }) }))
          .reject((r) => r.qty.isNull(), 'no quantity'),
      )
      k.dataset(name, mended, { write: 'append' })
    }),
  }
}
export const LINES = 'id,qty\n1,10\n2,20 pcs\n3,"x, y"\n4,40,9\n5,50\nsix,60\n7,70 pcs\n'
