import { col, columnsOf, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { fieldOf } from '../../plan/types.ts'
import type { Access } from './access.ts'
import { aggregate, type Collect, type Column, groupAggs, kindOf, numberOf, project, TARGET, tidy } from './columns.ts'
import { correlate } from './correlation.ts'
import { keysOf, likelyKeysOf } from './keys.ts'
import type { Looked } from './look.ts'
import { placesOf } from './places.ts'
import type { Resident } from './resident.ts'
import { byStrength, effectOf, type Overall, pairOf } from './target.ts'
import { calendarOf } from './times.ts'
import type { ColumnProfile, Part, Profile, TargetProfile } from './types.ts'
import { warningsOf } from './warnings.ts'

export interface ProfileOptions {
  /** The column that a model is to predict; how the others move it is looked at when it is a bool or a number. */
  readonly target?: string | null
  /** Named parts as conditions over the rows; the first that holds counts. */
  readonly parts?: Readonly<Record<string, Expr>> | null
  /** The time column whose weekdays and hours are looked at; the first one unless given. */
  readonly calendar?: string | null
  /** Columns of the table that lie on a device, target among them: they are asked there. */
  readonly resident?: Resident
  /** Told after each column. */
  progress?(done: number, total: number): void
}

/**
 * Looks at every column of a table, at how columns go together and at what moves the target. All of it is plans, so any engine
 * serves.
 *
 * A table of up to `WHOLE` rows is read once and everything is exact. Of a larger one a sample says which columns have few
 * different values: those are counted exactly; all others are read in one pass into sketches whose errors are stated.
 * @throws PLAN_UNKNOWN_COLUMN for a target that does not exist
 */
export async function profile(rows: Node, access: Access, options: ProfileOptions = {}): Promise<Profile> {
  const named = options.target ? fieldOf(rows.schema, options.target, 'the target of a profile') : null
  const target = named && (kindOf(named) === 'bool' || kindOf(named) === 'number') ? named : null
  const { table, columns } = project(rows, target)
  const by = placesOf({ table, rows }, access, columns, target, options.resident)
  const clock = clockOf(columns, options.calendar ?? null)
  const asked = new Set(Object.values(options.parts ?? {}).flatMap((e) => columnsOf(e)))
  const inParts = columns.filter((c) => asked.has(c.field.name))
  const totals = by.first([], ({ table, collect }) => collect(aggregate(table, [], groupAggs(target !== null))))
  const mean = totals.then(([t]) => numberOf(t?.['my']) ?? 0)
  mean.catch(() => undefined) // told with the totals
  const known = options.resident && by.there.length > 0 ? options.resident.total : undefined
  const total = known ?? numberOf((await totals)[0]?.['n']) ?? 0
  const [[whole], found, cells, parts] = await Promise.all([
    totals,
    by.look(total, mean, options.progress),
    clock && total > 0
      ? by.first([clock], ({ table, collect }) => calendarOf(table, clock, target !== null, collect))
      : null,
    by.first(inParts, ({ rows, collect }) => partsOf(rows, target?.name ?? null, options.parts ?? null, collect)),
  ])
  const looked = columns.map((column) => ({ column, ...(found.looked.get(column) as Looked) }))
  const numeric = columns.filter((c) => c.kind === 'number' || c.kind === 'bool')
  const correlation = await by.first(numeric, ({ table, collect }) =>
    correlate(
      table,
      looked.map((l) => [l.column, l.profile] as const),
      target?.name ?? null,
      collect,
    ),
  )
  const of = target ? looked.find((l) => l.column.field === target) : undefined
  const overall = of && overallOf(of.profile)
  const effects: TargetProfile | null =
    target && of
      ? {
          column: target.name,
          kind: of.column.kind === 'bool' ? 'bool' : 'number',
          count: numberOf(whole?.['ny']) ?? 0,
          mean: tidy(numberOf(whole?.['my'])),
          features: overall
            ? looked
                .filter((l) => l !== of && l.cells.length > 0)
                .map((l) =>
                  effectOf(
                    l.column,
                    l.profile,
                    l.cells,
                    overall,
                    pairOf(correlation, l.column.field.name, target.name),
                    l.between,
                  ),
                )
                .sort(byStrength)
            : [],
        }
      : null
  const profiles = looked.map((l) => l.profile)
  return {
    format: 1,
    rows: total,
    columns: profiles,
    correlation,
    target: effects,
    calendar: cells,
    parts,
    sampled: found.sampled,
    keys: keysOf(profiles, total),
    likelyKeys: likelyKeysOf(profiles, total),
    warnings: warningsOf(total, profiles, correlation, effects, parts, found.sampled),
  }
}

function overallOf(p: ColumnProfile): Overall | undefined {
  if (p.trues !== null) {
    const share = p.trues / p.count
    return { n: p.count, mean: share, variance: share * (1 - share) }
  }
  const n = p.count - (p.number?.nan ?? 0) - (p.number?.infinite ?? 0)
  if (p.number === null || p.number.mean === null || p.number.stddev === null) return undefined
  return { n, mean: p.number.mean, variance: (p.number.stddev ** 2 * (n - 1)) / n }
}

/** The time column to read weekdays from: the named one, else a wall clock, else an instant. */
function clockOf(columns: readonly Column[], wanted: string | null): Column | undefined {
  const clocks = columns.filter((c) => c.field.type === 'timestamp' || c.field.type === 'local timestamp')
  return (
    clocks.find((c) => c.field.name === wanted) ?? clocks.find((c) => c.field.type === 'local timestamp') ?? clocks[0]
  )
}

async function partsOf(
  rows: Node,
  target: string | null,
  parts: Readonly<Record<string, Expr>> | null,
  collect: Collect,
): Promise<Part[]> {
  const names = Object.keys(parts ?? {})
  if (!parts || names.length === 0) return []
  const which: Expr = {
    op: 'case',
    when: names.map((name, i) => [parts[name] as Expr, lit(String(i), 'int64')] as const),
    otherwise: lit(null, 'int64'),
  }
  const marked = build({
    op: 'select',
    input: rows,
    columns: [['part', which], ...(target ? ([[TARGET, col(target)]] as const) : [])],
  })
  const found = await collect(aggregate(marked, ['part'], groupAggs(target !== null)))
  const at = (name: string | null, i: number | null): Part[] => {
    const row = found.find((r) => numberOf(r['part']) === i)
    if (!row) return name === null ? [] : [{ name, rows: 0, mean: null }]
    return [{ name, rows: numberOf(row['n']) ?? 0, mean: tidy(numberOf(row['my'])) }]
  }
  return [...names.flatMap((name, i) => at(name, i)), ...at(null, null)]
}
