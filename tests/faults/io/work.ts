import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../../../src/base/config.ts'
import { byTime, csv, json, logistic, recipe } from '../../../src/index.ts'
import { type Galley, openGalley } from '../../../src/main.ts'
import { run } from '../../../src/runs/runner.ts'

/** Rows of each part of the small work. */
const ROWS = 60
const COLUMNS = { id: 'int64', day: 'string', size: 'float64', late: 'bool' } as const

/** The small work of a number: two sources, a table, a dataset that is added to, one whose rows are replaced by key, and a model. */
export function small(folder: string, n: number) {
  mkdirSync(folder, { recursive: true })
  const rows = Array.from({ length: ROWS }, (_, i) => ({ id: n * ROWS + i, day: `2026-01-${String((i % 28) + 1).padStart(2, '0')}`, size: ((i * 37) % 11) + n / 100, late: (i * 37) % 11 > 5 })) // biome-ignore format: one line
  writeFileSync(join(folder, `rows-${n}.json`), JSON.stringify(rows))
  writeFileSync(join(folder, `lines-${n}.csv`), `id,n\n${rows.map((r) => `${r.id},${r.id % 7}\n`).join('')}`)
  return recipe('small', (k) => {
    const read = k.source('rows', json(`rows-${n}.json`, COLUMNS))
    const lines = k.source('lines', csv(`lines-${n}.csv`, { id: 'int64', n: 'int64' }))
    const table = k.step(
      'table',
      lines.filter((r) => r.n.ge(0)).derive((r) => ({ key: r.id.minus(n * ROWS) })),
    )
    k.dataset('log', table, { write: 'append' })
    k.dataset('latest', table, { write: 'upsert', key: ['key'] })
    const data = k.dataset(
      'features',
      read.derive((r) => ({ at: r.day.parseTime('%Y-%m-%d').toInstant() })),
      {
        moment: 'at',
        split: byTime('at', { train: ['2026-01-01', '2026-01-18'], validate: ['2026-01-18', '2026-01-23'], test: ['2026-01-23', '2026-02-01'] }), // biome-ignore format: one line
      },
    )
    k.train('lateness', data, { target: 'late', features: ['size'], candidates: [logistic()] })
  })
}

/** What the small work of a number left, told alike wherever and however often it was done. */
export interface Left {
  readonly log: number
  readonly latest: number
  readonly hashes: readonly string[]
}

export const open = (home: string): Promise<Galley> =>
  openGalley({ ...readConfig({}), home, log: 'silent', threads: 1 })

/** Does it, and says what is there then. */
export async function work(g: Galley, folder: string, n: number): Promise<Left> {
  const scope = await g.scope()
  const options = { folder, signal: new AbortController().signal, on: () => {} }
  const { outputs } = await run(g.ware, scope, small(folder, n), options)
  const of = async (name: string) => {
    const found = await g.store.datasets.find(scope, name)
    if (!found) throw new Error(`${name} has no version`)
    return found
  }
  const [log, latest] = [await of('log'), await of('latest')]
  return {
    log: log.rows,
    latest: latest.rows,
    hashes: ['rows', 'lines', 'table', 'features', 'lateness'].map((id) => outputs.get(id)?.hash ?? 'none'),
  }
}
