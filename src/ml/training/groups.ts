import { type Column, isValid, type Value, valueAt } from '../../engines/batch.ts'
import { dataError } from './intake.ts'

/** The largest relevance: a gain of 2³¹ − 1 is still a whole number of 32 bits. */
export const MOST_RELEVANT = 31

/** Numbers groups as their first rows come. */
export interface GroupCoder {
  /** The group of each row of a column; of a row without one, any. */
  codes(column: Column): Uint32Array
  /** Groups so far. @throws TRAIN_DATA for rows without a group, saying how many */
  count(): number
}

export function groupCoder(name: string): GroupCoder {
  const known = new Map<Value, number>()
  let [rows, missing] = [0, 0]
  return {
    codes(column) {
      const codes = new Uint32Array(column.length)
      for (let i = 0; i < column.length; i++) {
        const value = column.kind === 'dictionary' && isValid(column.validity, i) ? (column.words[Number(column.codes[i])] ?? null) : valueAt(column, i) // biome-ignore format: one line
        if (value === null || Number.isNaN(value)) missing++
        else {
          // a whole number is the same group however wide its column is
          const key = typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
          const code = known.get(key) ?? known.size
          if (code === known.size) known.set(key, code)
          codes[i] = code
        }
      }
      rows += column.length
      return codes
    },
    count() {
      if (missing === 0) return known.size
      throw dataError(
        `${missing.toLocaleString('en-US')} of ${rows.toLocaleString('en-US')} rows have no group: "${name}" is missing`,
        'reject such rows, or fill the column',
        { column: name, missing },
      )
    },
  }
}

/** Groups of rows, and those of them that no order can be learnt from: of one row, or of one label. */
export interface GroupCounts {
  readonly count: number
  readonly silent: number
}

/** Counts groups batch by batch. */
export function groupTally(name: string, target: string) {
  const coder = groupCoder(name)
  const [low, high]: [number[], number[]] = [[], []]
  return {
    add(column: Column, labels: Float64Array): void {
      for (const [i, code] of coder.codes(column).entries()) {
        const label = labels[i] as number
        low[code] = Math.min(low[code] ?? label, label)
        high[code] = Math.max(high[code] ?? label, label)
      }
    },
    /** @throws TRAIN_DATA for rows without a group, and where no group has an order */
    counts(): GroupCounts {
      const count = coder.count()
      const silent = low.reduce((n, least, code) => n + Number(least === high[code]), 0)
      if (count > 0 && silent === count)
        throw dataError(
          `in each of the ${count.toLocaleString('en-US')} groups of "${name}", "${target}" is the same in all rows: there is no order to learn`,
          'bring groups with rows of two labels at least, or name another column as the group',
          { column: name, groups: count },
        )
      return { count, silent }
    },
  }
}

/** Puts rows group by group: those of group k are `members` from `starts[k]` up to `starts[k + 1]`, in their order. */
export function gatherGroups(codes: Uint32Array, groups: number, members: Uint32Array, starts: Uint32Array): void {
  starts.fill(0, 0, groups + 1)
  for (const code of codes) starts[code + 1] = (starts[code + 1] as number) + 1
  for (let k = 0; k < groups; k++) starts[k + 1] = (starts[k + 1] as number) + (starts[k] as number)
  const next = starts.slice(0, groups)
  for (const [row, code] of codes.entries()) {
    members[next[code] as number] = row
    next[code] = (next[code] as number) + 1
  }
}

/** What people should know of the groups that a model was learnt from; undefined where all of them taught it. */
export function silentWords(group: string, { count, silent }: GroupCounts): string | undefined {
  if (silent === 0) return undefined
  const n = (x: number) => x.toLocaleString('en-US')
  return `${n(silent)} of ${n(count)} groups of '${group}' teach no order: they have one row, or rows of one label`
}
