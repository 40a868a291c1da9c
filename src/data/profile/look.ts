import type { Node } from '../../plan/nodes.ts'
import { type Field, typeName } from '../../plan/types.ts'
import {
  type Access,
  type Counted,
  countValues,
  groupsOf,
  isSample,
  SAMPLE,
  samplesOf,
  VALUE,
  WHOLE,
} from './access.ts'
import { type Asking, askOf } from './asked.ts'
import { aggregate, type Cell, type Column, groupAggs, numberOf, type Row } from './columns.ts'
import { FEW, fromFrequencies } from './frequency.ts'
import { keysOf } from './keys.ts'
import { patternsOf, personalOf, shapeOf } from './personal.ts'
import { NotThere, orElse } from './resident.ts'
import { Together } from './sampled.ts'
import type { Between } from './target.ts'
import { timeStats, timesFromFrequencies } from './times.ts'
import type { ColumnProfile, Sampled } from './types.ts'
import { distinctOf, readWide, type Wide, type WideFound, wideNumber } from './wide.ts'

/** What was found of a column, and what its effect on the target is judged by. */
export interface Looked {
  readonly profile: ColumnProfile
  readonly cells: readonly Cell[]
  readonly between?: Between
}

interface Setting {
  readonly table: Node
  readonly columns: readonly Column[]
  readonly total: number
  readonly target: Field | null
  readonly access: Access
  readonly progress: ((done: number, total: number) => void) | undefined
  /** Where columns are asked by small results instead of read: rows of the sample, and the target's mean. */
  readonly asking?: { readonly sample: number; readonly mean: Promise<number> }
}

/** What was found of columns and, of those that were read together, what a sample says; columns that could not be asked. */
export interface Found {
  readonly looked: ReadonlyMap<Column, Looked>
  readonly sampled: Sampled
  readonly left: readonly Column[]
}

/** Looks at all columns: whole tables and columns of few different values exactly, the others in one pass. */
export async function lookAtAll(s: Setting): Promise<Found> {
  const { table, columns, total, target, access, asking } = s
  const withTarget = target !== null
  const size = asking?.sample ?? SAMPLE
  const whole = total <= (asking?.sample ?? WHOLE)
  const looked = new Map<Column, Looked>()
  const steps = columns.length + 1
  const add = (column: Column, found: Looked): void => {
    looked.set(column, found)
    s.progress?.(looked.size, steps)
  }
  const ways = whole ? [table] : [...samplesOf(table, columns, total, size)]
  const counting = columns.filter((c) => c.kind !== 'other')
  let together: Together | undefined
  const few: Wide[] = []
  const wide: Wide[] = []
  const left: Column[] = []
  const asked = asking && !whole ? askAll(counting, s, { ...asking, ...{ table, access, withTarget } }) : undefined
  asked?.catch(() => undefined) // told below: the sample may be what fails first
  for (const group of groupsOf(counting, whole ? total : size)) {
    const counted = await firstOf(ways, group, withTarget && whole, access, size)
    together ??= new Together(counted[0]?.ids.length ?? 0)
    together.add(counted)
    for (const c of counted) {
      const sampled = { column: c.column, sampled: c.rows }
      if (whole) add(c.column, exactly(c.column, VALUE, c.rows, c.rows, total))
      else if (asked) {
        const look = (await asked).get(c.column)
        if (look) add(c.column, look(c.rows))
        else left.push(c.column)
      } else if (hasFew(c)) few.push(sampled)
      else wide.push(sampled)
    }
  }
  for (const column of columns) if (column.kind === 'other') add(column, await other(column, total, s))
  // two at a time: while one is taken apart here, the engine counts the other
  const waiting = [...few]
  const count = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { column, sampled } = next
      const found = await access.collect(aggregate(table, [column.key], groupAggs(withTarget)))
      add(column, exactly(column, column.key, found, sampled, total))
    }
  }
  await Promise.all([count(), count()])
  if (wide.length > 0) {
    const read = await readWide(table, wide, withTarget, access, (seen) =>
      s.progress?.(looked.size + (wide.length * seen) / total, steps),
    )
    for (const w of wide) add(w.column, await widely(w, read.get(w.column) as WideFound, total, s))
  }
  const hasKey =
    keysOf(
      [...looked.values()].map((l) => l.profile),
      total,
    ).length > 0
  return { looked, sampled: (together ?? new Together(0)).found(whole, hasKey), left }
}

/** Asks all columns together; what was found is put in words once the sample's values are there. */
async function askAll(
  columns: readonly Column[],
  { total }: Setting,
  s: Omit<Asking, 'exact'>,
): Promise<ReadonlyMap<Column, ((sampled: readonly Row[]) => Looked) | undefined>> {
  const one = async (column: Column) => {
    const asked = await orElse(
      () => askOf(column, { ...s, exact: total <= WHOLE }),
      async () => undefined,
    )
    if (!asked) return undefined
    return (sampled: readonly Row[]): Looked => {
      if ('frequencies' in asked) return exactly(column, column.key, asked.frequencies, sampled, total)
      const { count, distinct, found, cells, between } = asked
      const profile = guarded({ ...base(column, total, count, distinct), ...found, ...hints(column, sampled) })
      return { profile, cells, ...(between ? { between } : {}) }
    }
  }
  return new Map(await Promise.all(columns.map(async (c) => [c, await one(c)] as const)))
}

/** Counts by the first way that gives a sample; the ways before it are struck out. */
async function firstOf(
  ways: Node[],
  group: readonly Column[],
  withTarget: boolean,
  access: Access,
  size: number,
): Promise<readonly Counted[]> {
  for (;;) {
    const way = ways[0] as Node
    const counted = await orElse(
      () => countValues(way, group, withTarget, access),
      // a hash that is not computed there is one way of several
      async () => undefined,
    )
    if (counted && (ways.length === 1 || isSample(counted[0]?.ids.length ?? 0, size))) return counted
    if (ways.length === 1) throw new NotThere('no sample of the rows can be taken')
    ways.shift()
  }
}

/**
 * Whether a column has few enough different values to be counted, from a sample's: those there, and from those that stand
 * there once or twice how many are not (Chao 1984).
 */
function hasFew({ rows, ids }: Counted): boolean {
  const times = (n: number) => rows.filter((r) => numberOf(r['n']) === n).length
  const [once, twice] = [times(1), times(2)]
  return rows.length <= ids.length * 0.7 && rows.length + once ** 2 / (2 * (twice + 1)) <= FEW
}

const base = (column: Column, total: number, count: number, distinct: number | null): ColumnProfile => ({
  name: column.field.name,
  type: typeName(column.field.type),
  kind: column.kind,
  unit: column.unit,
  description: column.field.description ?? null,
  count,
  nulls: total - count,
  distinct,
  number: null,
  trues: null,
  text: null,
  time: null,
  histogram: null,
  top: [],
})

/** What a sample's values say of a column besides. */
function hints(column: Column, sampled: readonly Row[]): Pick<ColumnProfile, 'patterns' | 'personal'> {
  const { kind, field } = column
  const patterns = kind === 'text' ? patternsOf(VALUE, sampled) : []
  const personal = personalOf(field.name, kind, typeName(field.type), VALUE, sampled)
  return { ...(patterns.length > 0 ? { patterns } : {}), ...(personal ? { personal } : {}) }
}

/** Values of columns that hold personal data by their form are told by their shape alone: a profile is passed on. */
function guarded(p: ColumnProfile): ColumnProfile {
  if (!p.personal?.share) return p
  const shapes = new Map<string, number>()
  for (const t of p.top) shapes.set(shapeOf(t.value), (shapes.get(shapeOf(t.value)) ?? 0) + t.count)
  const top = [...shapes].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count)
  return { ...p, top, text: p.text && { ...p.text, variants: [] } }
}

/** From the table of all its values (named `key` there) and their counts. */
function exactly(column: Column, key: string, rows: readonly Row[], sampled: readonly Row[], total: number): Looked {
  const named = key === column.key ? column : { ...column, key }
  const nulls = rows.find((r) => r[key] === null)
  const count = total - (numberOf(nulls?.['n']) ?? 0)
  const distinct = rows.length - (nulls ? 1 : 0)
  const { cells, ...found } = column.kind === 'time' ? timesFromFrequencies(named, rows) : fromFrequencies(named, rows)
  return { profile: guarded({ ...base(column, total, count, distinct), ...found, ...hints(column, sampled) }), cells }
}

async function widely({ column, sampled }: Wide, found: WideFound, total: number, s: Setting): Promise<Looked> {
  const { sketch } = found
  const { distinct, distinctError } = distinctOf(found, column)
  const start: ColumnProfile = {
    ...base(column, total, sketch.count, distinct),
    ...(distinctError > 0 ? { distinctError, repeated: sketch.frequent !== undefined } : {}),
    ...(column.kind === 'text' ? {} : { increasing: sketch.increasing }),
    ...hints(column, sampled),
  }
  if (column.kind === 'time') {
    if (sketch.finite === 0) return { profile: start, cells: [] }
    const { cells, ...time } = await timeStats(
      s.table,
      column,
      sketch,
      s.target !== null && column.field !== s.target,
      s.access.collect,
    )
    return { profile: { ...start, ...time }, cells }
  }
  if (column.kind === 'text') return { profile: guarded({ ...start, text: found.text, top: found.top }), cells: [] }
  const { cells, ...number } = wideNumber(column, found)
  return { profile: { ...start, ...number, top: found.top }, cells }
}

/** Lists and structs are only counted. */
async function other(column: Column, total: number, s: Setting): Promise<Looked> {
  const [counted] = await s.access.collect(
    aggregate(s.table, [], [['n', { fn: 'count', arg: { op: 'col', name: column.key } }]]),
  )
  return { profile: base(column, total, numberOf(counted?.['n']) ?? 0, null), cells: [] }
}
