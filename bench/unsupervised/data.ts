import { randomsOf } from '../../src/base/random.ts'
import type { Relation } from '../../src/engines/engine.ts'
import type { Schema } from '../../src/plan/types.ts'

const BATCH = 65_536

/** Rows around `groups` places, of columns that go together a little: row after row. */
export function blobs(rows: number, width: number, groups: number): Float64Array {
  const random = randomsOf(1, 0)
  const bell = () => random() + random() + random() + random() - 2
  const places = Float64Array.from({ length: groups * width }, () => bell() * 6)
  const out = new Float64Array(rows * width)
  for (let i = 0; i < rows; i++) {
    const place = Math.floor(random() * groups) * width
    const common = bell()
    for (let j = 0; j < width; j++) out[i * width + j] = (places[place + j] as number) + bell() + common * 0.5
  }
  return out
}

/** Pairs of basket and item, low items being common, and each odd one often with the even one before it. */
export function baskets(count: number, width: number): Int32Array {
  const random = randomsOf(2, 0)
  const out: number[] = []
  for (let b = 0; b < count; b++)
    for (let i = 0; i < width; i += 2) {
      const likely = 0.35 / (1 + i / 8)
      const even = random() < likely
      if (even) out.push(b, i)
      if (random() < (even ? 0.5 : likely / 2)) out.push(b, i + 1)
    }
  return Int32Array.from(out)
}

/** Columns in memory as a relation. */
export function relationOf(columns: readonly (Float64Array | Int32Array)[]): Relation {
  const rows = columns[0]?.length ?? 0
  const schema: Schema = columns.map((c, j) => ({ name: `c${j}`, type: c instanceof Int32Array ? 'int32' : 'float64', nullable: false })) // biome-ignore format: one line
  const at = (name: string) => schema.findIndex((f) => f.name === name)
  return {
    ...{ place: 'host', schema, rows, close: () => {} },
    async *batches(names = schema.map((f) => f.name)) {
      for (let from = 0; from < rows; from += BATCH) {
        const length = Math.min(BATCH, rows - from)
        const some = names.map((name) => schema[at(name)] as Schema[number])
        const made = names.map((name) => ({ kind: 'fixed', type: schema[at(name)]?.type as 'float64', length, validity: null, values: columns[at(name)]?.subarray(from, from + length) as Float64Array }) as const) // biome-ignore format: one line
        yield { schema: some, rows: length, columns: made }
      }
    },
  }
}

/** Row after row as columns. */
export const columnsOf = (x: Float64Array | Int32Array, width: number): (Float64Array | Int32Array)[] =>
  Array.from({ length: width }, (_, j) => x.filter((_, i) => i % width === j))
