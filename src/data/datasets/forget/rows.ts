import { join } from 'node:path'
import { GalleyError } from '../../../base/errors.ts'
import { ownValue } from '../../../base/own.ts'
import { compare, literalValue } from '../../../engines/values.ts'
import { call, col, type Expr, lit } from '../../../plan/expr.ts'
import { literal } from '../../../plan/literal.ts'
import { build, type Node } from '../../../plan/nodes.ts'
import { type Field, isFloat, isInteger, type Schema, typeName } from '../../../plan/types.ts'
import { keptFile } from '../files.ts'
import type { DataFile, RejectedFile } from '../manifest.ts'
import { fileStatistics } from '../statistics.ts'
import { columnsIn, scanFiles } from '../version.ts'
import type { TableWork } from '../work.ts'

/** Whose rows are meant: a value of a column, as text. */
export interface Person {
  readonly column: string
  readonly value: string
}

/** The condition that holds for a person's rows. @throws VALUE_INVALID for a text that is no value of the column's type */
export function isPerson(f: Field, { value }: Person): Expr {
  const wrong = (cause?: unknown) =>
    new GalleyError('VALUE_INVALID', {
      what: `what is to be forgotten is no value of '${f.name}'`,
      why: `the column is a ${typeName(f.type)}`,
      fix: 'give a value as the column has it; a key is a whole number, a text, a date or a time',
      cause,
    })
  if (isFloat(f.type) || (typeof f.type === 'object' && !('decimal' in f.type)) || f.type === 'bytes') throw wrong()
  try {
    if (isInteger(f.type)) {
      if (!/^[+-]?\d{1,19}$/.test(value)) throw wrong()
      return call('eq', col(f.name), literal(BigInt(value), f.type))
    }
    return call('eq', col(f.name), literal(f.type === 'bool' ? value === 'true' : value, f.type))
  } catch (error) {
    throw error instanceof GalleyError && error.code === 'VALUE_INVALID' ? error : wrong(error)
  }
}

const counting = [['n', { fn: 'count', arg: null }]] as const
export async function countOf(work: TableWork, rows: Node, predicate: Expr): Promise<number> {
  const kept = build({ op: 'filter', input: rows, predicate })
  const [found] = await work.collect(build({ op: 'aggregate', input: kept, by: [], aggs: counting }))
  return Number(found?.['n'] ?? 0)
}

/** Rows but those for which a condition is true. */
export const without = (rows: Node, predicate: Expr): Node =>
  build({ op: 'filter', input: rows, predicate: call('not', call('coalesce', predicate, lit(false, 'bool'))) })

/** Whether a file may hold the value, by its statistics. */
function mayHold(file: DataFile, f: Field, is: Expr): boolean {
  const found = ownValue(file.columns ?? {}, f.name)
  if (file.columns && !found) return false
  const value = is.op === 'call' && is.args[1]?.op === 'lit' ? is.args[1] : undefined
  if (!found || !value || found.min === null || found.min === undefined) return true
  if (found.max === null || found.max === undefined) return true
  const [low, high, wanted] = [
    literalValue(found.min, f.type),
    literalValue(found.max, f.type),
    literalValue(value.value, value.type),
  ]
  if (low === null || high === null || wanted === null) return true
  return compare(low, wanted) <= 0 && compare(wanted, high) <= 0
}

/** A file without a person's rows, written to `to`; undefined where it has none of them. */
export async function fileWithout(
  work: TableWork,
  { file, folder, schema, person, name, to }: { file: DataFile; folder: string; schema: Schema; person: Person; name: string; to: string }, // biome-ignore format: one line
): Promise<{ file: DataFile; rows: number } | undefined> {
  const f = schema.find((each) => each.name === person.column)
  if (!f) return undefined
  const is = isPerson(f, person)
  if (!mayHold(file, f, is)) return undefined
  const own = columnsIn(file, schema)
  const rows = scanFiles([file], folder, own)
  const found = await countOf(work, rows, is)
  if (found === 0) return undefined
  await work.write(without(rows, is), to)
  const { bytes, sha256 } = await keptFile(to, work.signal)
  const now = await fileStatistics(work, to, own)
  const part = file.partition ? { partition: file.partition } : {}
  return { file: { path: name, rows: now.rows, bytes, sha256, ...part, columns: now.columns }, rows: found }
}

const ASIDE: Schema = [
  { name: 'reason', type: 'string', nullable: true },
  { name: 'row', type: 'string', nullable: true },
]

/** Rows that were set aside stand as text: `id=7, name=Kim`. */
export const isAside = ({ column, value }: Person): Expr => {
  const text = (s: string) => lit(s, 'string')
  const framed = call('concat', call('concat', text(', '), col('row')), text(', '))
  return call('contains', framed, text(`, ${column}=${value}, `))
}

/** The rows that were set aside, without a person's; undefined where there are none of them. */
export async function asideWithout(
  work: TableWork,
  { rejected, folder, person, to }: { rejected: RejectedFile; folder: string; person: Person; to: string },
): Promise<{ file: RejectedFile; rows: number } | undefined> {
  const scan = build({ op: 'scan', from: { kind: 'parquet', files: [join(folder, rejected.path)] }, schema: ASIDE })
  const found = await countOf(work, scan, isAside(person))
  if (found === 0) return undefined
  await work.write(without(scan, isAside(person)), to)
  const { bytes, sha256 } = await keptFile(to, work.signal)
  return { file: { path: 'rejected.parquet', bytes, sha256 }, rows: found }
}
