import type { Node } from '../../plan/nodes.ts'
import { fieldOf, typeName } from '../../plan/types.ts'
import { differenceOf } from './distribution.ts'
import { examplesOf } from './examples.ts'
import {
  allowed,
  type Expectation,
  isRowwise,
  kindOf,
  type SchemaExpectation,
  type SteadyExpectation,
  severityOf,
  type Verdict,
  type VolumeExpectation,
} from './expectation.ts'
import { type Collect, type Former, type FormerSketch, formerOf } from './former.ts'
import { type Counted, type Metrics, oneScan } from './scan.ts'

/** What expectations know beside the rows. */
export interface Circumstances {
  /** The run's start, ms since 1970. */
  readonly started: number
  /** Rows of the versions before, the newest first. */
  readonly formerRows: readonly number[]
  /** The version before, where there is one. */
  readonly former: Node | undefined
  /** What sketches say of a column of it; undefined where there are none. */
  readonly formerSketch?: (column: string) => Promise<FormerSketch | undefined>
  /** Rows that were set aside already, by reason: those that break what quarantines. */
  readonly aside: Readonly<Record<string, number>>
  /** Nulls by column, where they were counted already. */
  readonly nulls?: Readonly<Record<string, number>>
}

export interface Checked {
  readonly verdicts: readonly Verdict[]
  readonly metrics: Metrics
}

const DAY = 86_400_000_000

/**
 * Checks all expectations of a table in one scan of it; `steady` asks the version before it, too: its sketches, or its rows. The first rows that break
 * one are looked up only where one is broken. `collect` gives the rows of a small plan.
 */
export async function checkExpectations(
  rows: Node,
  expect: readonly Expectation[],
  known: Circumstances,
  collect: Collect,
): Promise<Checked> {
  const former = new Map<number, Former>()
  if (known.former)
    for (const [i, x] of expect.entries()) {
      if (x.kind !== 'steady') continue
      const was = await formerOf(known.former, fieldOf(rows.schema, x.column, 'steady'), x, collect, known.formerSketch)
      if (was) former.set(i, was)
    }
  const scan = oneScan(rows, expect, former, known.nulls)
  const [found] = await collect(scan.plan)
  const counted = scan.read(found)
  const verdicts = expect.map((x, i) => verdictOf(x, i, rows, counted, known, former.get(i)))
  const told: Verdict[] = []
  for (const [i, v] of verdicts.entries()) {
    const x = expect[i] as Expectation
    const examples = v.passed || v.severity === 'quarantine' ? [] : await examplesOf(rows, x, i, expect, collect)
    told.push(examples.length > 0 ? { ...v, examples } : v)
  }
  return { verdicts: told, metrics: counted.metrics }
}

function verdictOf(
  x: Expectation,
  i: number,
  rows: Node,
  counted: Counted,
  known: Circumstances,
  former: Former | undefined,
): Verdict {
  const base = { title: x.title, kind: kindOf(x), severity: severityOf(x), failed: 0, rows: counted.rows }
  if (isRowwise(x) || x.kind === 'unique' || x.kind === 'key' || x.kind === 'references') {
    const { failed, asked } = counted.broken.get(i) ?? { failed: 0, asked: 0 }
    const aside = base.severity === 'quarantine' ? (known.aside[x.title] ?? 0) : 0
    const [all, bad] = [asked + aside, failed + aside]
    // what was set aside is dealt with, unless it is more than may be
    const passed = base.severity === 'quarantine' && x.mostly === undefined ? failed === 0 : bad <= allowed(x, all)
    return { ...base, failed: bad, rows: all, passed }
  }
  switch (x.kind) {
    case 'fresh': {
      const newest = counted.newest.get(i) ?? null
      if (newest === null) return { ...base, passed: false, found: `'${x.column}' holds no moment` }
      const { type } = fieldOf(rows.schema, x.column, 'fresh')
      const age = known.started * 1000 - newest * (type === 'date' ? DAY : 1)
      const hours = Number((age / 3_600_000_000).toPrecision(4))
      return { ...base, passed: age <= x.within, measured: age, limit: x.within, found: `the newest is ${hours} h old` }
    }
    case 'volume':
      return { ...base, ...volume(x, counted.rows, known.formerRows) }
    case 'schema': {
      const faults = schemaFaults(x, rows)
      return { ...base, passed: faults.length === 0, ...(faults.length > 0 ? { found: faults.join('; ') } : {}) }
    }
    case 'steady':
      return { ...base, ...steady(x, counted.bins.get(i), former) }
  }
}

function volume(
  x: VolumeExpectation,
  rows: number,
  former: readonly number[],
): Pick<Verdict, 'passed' | 'measured' | 'found'> {
  const few = x.min !== undefined && rows < x.min
  const many = x.max !== undefined && rows > x.max
  const before = [...former.slice(0, x.over ?? 7)].sort((a, b) => a - b)
  const middle =
    before.length === 0 ? undefined : ((before[(before.length - 1) >> 1] ?? 0) + (before[before.length >> 1] ?? 0)) / 2
  const moved = x.change !== undefined && middle !== undefined && Math.abs(rows - middle) > x.change * middle
  const found = [
    `${rows} rows`,
    ...(x.change === undefined
      ? []
      : [middle === undefined ? 'there is no version before' : `${middle} in the middle of the last ${before.length}`]),
  ]
  return { passed: !few && !many && !moved, measured: rows, found: found.join(', ') }
}

function schemaFaults(x: SchemaExpectation, rows: Node): string[] {
  const there = new Map(rows.schema.map((f) => [f.name, typeName(f.type)]))
  const wanted = new Map(x.columns.map(([name, type]) => [name, typeName(type)]))
  const faults = [...wanted].flatMap(([name, type]) => {
    const is = there.get(name)
    return is === undefined ? [`'${name}' is missing`] : is === type ? [] : [`'${name}' is a ${is}, not a ${type}`]
  })
  const extra = x.extra ? [] : [...there.keys()].filter((name) => !wanted.has(name))
  if (extra.length > 0)
    faults.push(`${extra.map((n) => `'${n}'`).join(', ')} ${extra.length > 1 ? 'are' : 'is'} not expected`)
  const order = [...there.keys()].filter((name) => wanted.has(name))
  if (x.order && faults.length === 0 && order.join('\n') !== [...wanted.keys()].join('\n'))
    faults.push(`the order is ${order.join(', ')}`)
  return faults
}

function steady(
  x: SteadyExpectation,
  now: readonly number[] | undefined,
  former: Former | undefined,
): Pick<Verdict, 'passed' | 'measured' | 'limit' | 'found'> {
  if (!now || !former) return { passed: true, limit: x.limit, found: 'there is no version before to compare with' }
  const { value, bin } = differenceOf(x.measure, former.counts, now)
  const measured = Number(value.toPrecision(6))
  return {
    passed: value <= x.limit,
    measured,
    limit: x.limit,
    found: `${x.measure} ${Number(value.toPrecision(3))}${former.error && x.measure === 'ks' ? ` ± ${former.error}` : ''}, most at ${binName(former, bin)}`,
  }
}

function binName({ bins, counts }: Former, bin: number): string {
  if (bin === counts.length - 1) return 'missing values'
  if (bins.by === 'names') return bin < bins.names.length ? `'${String(bins.names[bin])}'` : 'other values'
  const short = (x: number | undefined) => String(Number((x ?? 0).toPrecision(6)))
  return bin === 0
    ? `≤ ${short(bins.ends[0])}`
    : bin < bins.ends.length
      ? `${short(bins.ends[bin - 1])} to ${short(bins.ends[bin])}`
      : `> ${short(bins.ends.at(-1))}`
}
