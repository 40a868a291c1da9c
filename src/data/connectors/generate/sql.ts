import { GalleyError } from '../../../base/errors.ts'
import { quote, sqlType, text } from '../../../engines/duckdb/sql/names.ts'
import { isDecimal, parseType, type TypeName } from '../../../plan/types.ts'
import { CITIES, DISTRICTS, FAMILY, FIRST, SECOND, STREETS } from './korean.ts'
import type { ValueMaker } from './makers.ts'
import { ROW, type Slot, type Slots, slots } from './slots.ts'

/** What values of a column depend on beside the row: the generator's name and seed, and the column. */
interface Stream {
  readonly name: string
  readonly seed: number
  readonly column: string
}

const WIDE = 2 ** 53

/** The rows `from` to `to` (not included) of a generator, as a query; a column that `only` leaves out is null. */
export function rowsOf(
  { name, seed, columns }: { name: string; seed: number; columns: Readonly<Record<string, ValueMaker>> },
  declared: Readonly<Record<string, TypeName>>,
  [from, to]: readonly [from: number, to: number],
  only?: readonly string[],
): string {
  const all = slots()
  const made = Object.entries(declared).map(([column, type]): readonly [string, readonly Slot[]] => {
    const sql = sqlType(parseType(type))
    if (only && !only.includes(column)) return [`NULL::${sql} AS ${quote(column)}`, []]
    const value = valueIn(all, columns[column] as ValueMaker, { name, seed, column }, ROW)
    return [`CAST(${value.name} AS ${sql}) AS ${quote(column)}`, [value]]
  })
  return all.select(made, `SELECT range AS r FROM range(${from}, ${to})`)
}

/** A column's value in a row; null where chance says so. */
function valueIn(all: Slots, maker: ValueMaker, stream: Stream, row: Slot): Slot {
  const make = Object.hasOwn(MAKE, maker.make) ? MAKE[maker.make] : undefined
  if (!make)
    throw new GalleyError('RECIPE_INVALID', {
      what: `no values can be made by '${maker.make}'`,
      why: `there are ${Object.keys(MAKE).join(', ')}`,
      fix: 'use the functions of values',
    })
  const of = (what: string) => [stream.name, stream.seed, stream.column, what].join('\0')
  const value = make(maker as never, { all, row, of, stream })
  if (!maker.nulls) return value
  const chance = all.draw(of('null'), row)
  return all.let(
    `CASE WHEN ${chance.name} >= ${Math.round(maker.nulls * 2 ** 32)} THEN ${value.name} END`,
    chance,
    value,
  )
}

interface At {
  readonly all: Slots
  readonly row: Slot
  readonly stream: Stream
  /** The name of a stream of random numbers. */
  of(what: string): string
}

/** A whole number from 0 to n − 1, in a BIGINT. */
function below({ all, row, of }: At, what: string, n: number): Slot {
  const wide = all.wide(of(what), row)
  return all.let(`least(floor(${wide.name}::DOUBLE / ${WIDE} * ${n})::BIGINT, ${n - 1})`, wide)
}

const share = ({ all, row, of }: At, what: string): Slot => {
  const wide = all.wide(of(what), row)
  return all.let(`(${wide.name}::DOUBLE / ${WIDE})`, wide)
}

/** One of some texts. */
const oneOf = (at: At, what: string, of: readonly string[]): Slot => {
  const i = below(at, what, of.length)
  return at.all.let(`[${of.map(text).join(', ')}][${i.name} + 1]`, i)
}

const plain = (v: string | number | boolean): string => (typeof v === 'string' ? text(v) : String(v))
const double = (n: number): string => `${n}::DOUBLE`

type Make = (maker: never, at: At) => Slot

const MAKE: Readonly<Record<string, Make>> = {
  sequence: ({ start, step }: { start: number; step: number }, { all, row }) =>
    all.let(`(${start} + ${step} * ${row.name})`, row),
  uniform: ({ type, min, max }: { type: TypeName; min: number; max: number }, at) => {
    if (type === 'float64') {
      const u = share(at, 'value')
      return at.all.let(`(${double(min)} + ${u.name} * ${double(max - min)})`, u)
    }
    const n = below(at, 'value', max - min + 1)
    const parsed = parseType(type)
    if (!isDecimal(parsed)) return at.all.let(`(${min} + ${n.name})`, n)
    const scale = parsed.decimal[1]
    const unit = scale === 0 ? '1' : `0.${'0'.repeat(scale - 1)}1`
    return at.all.let(`((${min} + ${n.name})::DECIMAL(18, 0) * ${unit}::DECIMAL(${scale + 1}, ${scale}))`, n)
  },
  normal: ({ mean, sd, digits }: { mean: number; sd: number; digits: number }, at) => {
    const [a, b] = [share(at, 'radius'), share(at, 'angle')]
    // never the logarithm of 0
    const z = `sqrt(-2 * ln(1 - ${a.name})) * cos(2 * pi() * ${b.name})`
    return at.all.let(`round(${double(mean)} + ${double(sd)} * ${z}, ${digits})`, a, b)
  },
  choice: ({ of, weights }: { of: readonly (string | number | boolean)[]; weights?: readonly number[] }, at) => {
    if (!weights) {
      const i = below(at, 'value', of.length)
      return at.all.let(`[${of.map(plain).join(', ')}][${i.name} + 1]`, i)
    }
    const u = share(at, 'value')
    const sum = weights.reduce((a, b) => a + b, 0)
    let [cases, total, last] = ['', 0, 0]
    for (const [i, weight] of weights.entries()) {
      if (weight === 0) continue
      total += weight
      last = i
      cases += ` WHEN ${u.name} < ${double(total / sum)} THEN ${plain(of[i] as string)}`
    }
    return at.all.let(`CASE${cases} ELSE ${plain(of[last] as string)} END`, u)
  },
  chance: ({ share: part }: { share: number }, at) => {
    const u = share(at, 'value')
    return at.all.let(`(${u.name} < ${double(part)})`, u)
  },
  cycle: ({ type, of }: { type: TypeName; of: readonly (string | null)[] }, { all, row }) => {
    const sql = sqlType(parseType(type))
    // an instant is in UTC, and is text without a zone there
    const cell = (v: string | null) => (v === null ? 'NULL' : text(type === 'timestamp' ? v.replace(/Z$/, '') : v))
    return all.let(`CAST([${of.map(cell).join(', ')}] AS ${sql}[])[${row.name} % ${of.length} + 1]`, row)
  },
  times: ({ start, every, jitter }: { start: string; every: number; jitter: number }, at) => {
    const later = jitter > 0 ? below(at, 'jitter', jitter + 1) : undefined
    const micros = `${every}::BIGINT * ${at.row.name}${later ? ` + ${later.name}` : ''}`
    return at.all.let(`(TIMESTAMP ${text(start)} + to_microseconds(${micros}))`, at.row, ...(later ? [later] : []))
  },
  pattern: ({ pattern }: { pattern: string }, at) => {
    const reads: Slot[] = []
    const pieces: string[] = []
    const add = (what: string, n: number, sql: (i: string) => string) => {
      const i = below(at, what, n)
      reads.push(i)
      pieces.push(sql(i.name))
    }
    for (const [i, [piece]] of [...pattern.matchAll(/\\.|[#?]|[^\\#?]+|\\/gsu)].entries())
      if (piece === '#') add(`digit ${i}`, 10, (n) => `${n}::VARCHAR`)
      else if (piece === '?') add(`letter ${i}`, 26, (n) => `chr((65 + ${n})::INTEGER)`)
      else pieces.push(text(piece.startsWith('\\') && piece.length > 1 ? piece.slice(1) : piece))
    return at.all.let(`(${pieces.join(' || ')})`, ...reads)
  },
  koreanName: (_: unknown, at) => {
    const parts = [oneOf(at, 'family', FAMILY), oneOf(at, 'first', FIRST), oneOf(at, 'second', SECOND)]
    return at.all.let(`(${parts.map((p) => p.name).join(' || ')})`, ...parts)
  },
  koreanAddress: (_: unknown, at) => {
    const [city, district, street] = [
      oneOf(at, 'city', CITIES),
      oneOf(at, 'district', DISTRICTS),
      oneOf(at, 'street', STREETS),
    ]
    const house = below(at, 'house', 300)
    const parts = [city.name, district.name, street.name, `(1 + ${house.name})::VARCHAR`]
    return at.all.let(`(${parts.join(" || ' ' || ")})`, city, district, street, house)
  },
  references: (
    {
      name,
      rows,
      seed,
      column,
      values,
    }: { name: string; rows: number; seed: number; column: string; values: ValueMaker },
    at,
  ) => valueIn(at.all, values, { name, seed, column }, below(at, 'row', rows)),
}
