import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { byTime, csv, type Kitchen, recipe } from '../../src/index.ts'
import { type LiveEndpoint, openEndpoint } from '../../src/ml/serving/endpoint.ts'
import { randomOf } from '../../src/ml/training/conformance.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { openWritten, type Written } from './datasets.ts'

/** Columns of `flats.csv`: whether its buyer was late depends on size and age, its price on size, city and rooms. */
export const COLUMNS = { at: 'local timestamp', size: 'float64', age: 'float64', city: 'string', rooms: 'int64', late: 'bool', colour: 'string', price: 'float64' } as const // biome-ignore format: one line
export const SPLIT = { train: ['2026-01-01', '2026-02-10'], validate: ['2026-02-10', '2026-02-28'], test: ['2026-02-28', '2026-05-01'] } as const // biome-ignore format: one line
export type Options = Parameters<Kitchen['onnx']>[2]

/** A Galley of a test's own that is given models. */
export interface Brought extends Written {
  /** A file of the recipe's folder. */
  put(name: string, bytes: Uint8Array): string
  open(name: string): Promise<LiveEndpoint>
}

export async function openBrought(): Promise<Brought> {
  const w = await openWritten()
  const random = randomOf(3)
  const lines = ['at,size,age,city,rooms,late,colour,price']
  for (let i = 0; i < 900; i++) {
    const at = new Date(Date.UTC(2026, 0, 1) + i * 7_200_000).toISOString().slice(0, 19).replace('T', ' ')
    const [size, age] = [random() * 4 - 2, random() * 4 - 2]
    const late = 1 / (1 + Math.exp(2 * age - size)) > random()
    const [city, rooms] = [['seoul', '부산', 'jeju'][i % 3] ?? '', 1 + (i % 4)]
    const price = size + { seoul: 10, 부산: 20, jeju: -1 }[city as 'seoul'] + rooms + random() / 10
    const colour = ['red', '초록', 'blue'][size > 0.4 ? 0 : age > 0 ? 1 : 2]
    lines.push([at, size.toFixed(4), i % 50 === 7 ? '' : age.toFixed(4), city, rooms, late, colour, price.toFixed(3)].join(','))
  }
  writeFileSync(join(w.folder, 'flats.csv'), `${lines.join('\n')}\n`)
  return {
    ...w,
    put(name, bytes) {
      writeFileSync(join(w.folder, name), bytes)
      return name
    },
    async open(name) {
      const g = w.galley
      return openEndpoint({ store: g.store, duckdb: g.duckdb, scope: await g.scope(), clock: systemClock, log: g.log, ephemeral: true }, `${name}-live`) // biome-ignore format: one line
    },
  }
} // biome-ignore format: one line

/** A recipe that takes a model from elsewhere, serves it, and does what else is asked. */
export const bringing = (
  name: string,
  options: object,
  more: (k: Kitchen, model: ReturnType<Kitchen['onnx']>, data: Parameters<Kitchen['onnx']>[1]) => void = () => {},
  split: object | null = byTime('at', SPLIT as never),
): Recipe =>
  recipe(name, (k) => {
    const flats = k.source('flats', csv('flats.csv', COLUMNS))
    const rows = flats
      .reject((r) => r.age.isNull(), 'no age', { when: 'training' })
      .derive((r) => ({ older: r.age.plus(0) }))
    const data = k.dataset(split ? 'rows' : 'all-rows', rows, { moment: 'at', ...(split ? { split } : {}) } as never)
    const model = k.onnx(`${name}-model`, data as never, options as Options)
    k.serve(`${name}-live`, model, { entry: 'flats', input: ['at', 'size', 'age', 'city', 'rooms'] })
    more(k, model, data as never)
  })

export const flat = { at: '2026-05-02 00:00:00', size: 1, age: 0.5, city: 'seoul', rooms: 2 }
