import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import { type Column, copyFloat64, isValid, valueAt } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import type { LearnContext, LearnTask, LearntModel } from './learner.ts'
import { unfit } from './matrix.ts'

/** What a learner of pairs gets: rows that say who has what. `columns` names the dataset's column of each role. */
export type PairTask = Omit<LearnTask, 'features'> & { readonly columns: Readonly<Record<string, string>> }
export type Key = string | number | bigint
/** A cell of a table that was learnt. */
export type Cell = Key | null | readonly Key[]

/** What came of it: the model, and the rows of its table in the order of `columns`. */
export interface PairsLearnt {
  readonly model: LearntModel
  readonly figures: Readonly<Record<string, number>>
  readonly columns: readonly string[]
  readonly rows: Iterable<readonly Cell[]>
}

/** One learner of pairs is one file behind this interface; `pairs.test.ts` is its suite. */
export interface PairLearner {
  readonly kind: string
  /** @throws TRAIN_DATA when there is nothing to learn from, USAGE_INVALID, CANCELLED */
  learn(task: PairTask, ctx: LearnContext): Promise<PairsLearnt>
}

/** Pairs by numbers: `left[i]` has `right[i]`. */
export interface Pairs {
  readonly left: readonly Key[]
  readonly right: readonly Key[]
  readonly a: Int32Array
  readonly b: Int32Array
  readonly weight: Float64Array
  readonly at: Float64Array
}

const MOST_PAIRS = 100_000_000

/** Reads pairs; those that lack one of the two are left out, and told. @throws TRAIN_DATA for none, CANCELLED */
export async function readPairs(
  rows: Relation,
  [left, right, weight, at]: readonly [string, string, (string | undefined)?, (string | undefined)?],
  ctx: LearnContext,
): Promise<Pairs> {
  const codes = [coder(), coder()] as const
  let room = 65_536
  let n = 0
  let lacking = 0
  let unweighed = 0
  let a = new Int32Array(room)
  let b = new Int32Array(room)
  let w = new Float64Array(room)
  let t = new Float64Array(room)
  const names = [...new Set([left, right, ...[weight, at].filter((c) => c !== undefined)])]
  for await (const batch of rows.batches(names)) {
    throwIfAborted(ctx.signal)
    const column = (name: string) => batch.columns[batch.schema.findIndex((f) => f.name === name)] as Column
    const [ls, rs] = [codes[0].of(column(left), batch.rows), codes[1].of(column(right), batch.rows)]
    const [ws, ts] = [weight, at].map((name, i) => {
      const values = new Float64Array(batch.rows).fill(1 - i)
      if (name !== undefined) copyFloat64(column(name), values, 0)
      return values
    }) as [Float64Array, Float64Array]
    if (n + batch.rows > room) {
      room = Math.max(2 * room, n + batch.rows)
      if (n + batch.rows > MOST_PAIRS)
        throw unfit(`more than ${MOST_PAIRS} pairs came`, 'they are held in memory', 'learn from fewer: of a shorter time, or of a sample') // biome-ignore format: one line
      a = grown(a, new Int32Array(room))
      b = grown(b, new Int32Array(room))
      w = grown(w, new Float64Array(room))
      t = grown(t, new Float64Array(room))
    }
    for (let i = 0; i < batch.rows; i++) {
      if ((ls[i] as number) < 0 || (rs[i] as number) < 0) lacking++
      else if (!(Math.abs(ws[i] as number) < Infinity)) unweighed++
      else {
        a[n] = ls[i] as number
        b[n] = rs[i] as number
        w[n] = ws[i] as number
        t[n++] = ts[i] as number
      }
    }
    ctx.progress({ done: n, unit: 'rows' })
    await nextTurn()
  }
  if (lacking > 0) ctx.say?.(`${lacking} rows without "${left}" or "${right}" are left out`)
  if (unweighed > 0) ctx.say?.(`${unweighed} rows without a finite "${weight}" are left out`)
  if (n === 0) throw unfit('there are no pairs to learn from', `no row has "${left}" and "${right}"`, 'check the filters before the step') // biome-ignore format: one line
  const cut = <T extends Int32Array | Float64Array>(x: T) => x.subarray(0, n) as T
  return { left: codes[0].keys, right: codes[1].keys, a: cut(a), b: cut(b), weight: cut(w), at: cut(t) }
}

function grown<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from as never)
  return to
}

/** Numbers for keys, in the order in which they come; −1 where there is none. */
function coder() {
  const known = new Map<Key, number>()
  const keys: Key[] = []
  const code = (value: Key): number => {
    const found = known.get(value)
    if (found !== undefined) return found
    known.set(value, keys.length)
    return keys.push(value) - 1
  }
  return {
    keys,
    of(column: Column, rows: number): Int32Array {
      const out = new Int32Array(rows)
      const words = column.kind === 'dictionary' ? new Int32Array(column.words.length).fill(-1) : undefined
      for (let i = 0; i < rows; i++) {
        if (!isValid(column.validity, i)) out[i] = -1
        else if (words && column.kind === 'dictionary') {
          const c = column.codes[i] as number
          if ((words[c] as number) < 0) words[c] = code(column.words[c] as string)
          out[i] = words[c] as number
        } else {
          const value = valueAt(column, i)
          out[i] = value === null ? -1 : code(typeof value === 'bigint' && value === BigInt(Number(value)) ? Number(value) : (value as Key)) // biome-ignore format: one line
        }
      }
      return out
    },
  }
}

/** Order of keys: numbers by value, texts by code units. */
export const byKey = (x: Key, y: Key): number => (x < y ? -1 : x > y ? 1 : 0)
