import { GalleyError } from '../../../base/errors.ts'
import { ownValue } from '../../../base/own.ts'
import { literalOf } from '../../../engines/values.ts'
import { call, col, type Expr, type Literal, lit } from '../../../plan/expr.ts'
import { build, type Node } from '../../../plan/nodes.ts'
import { printExpr } from '../../../plan/print.ts'
import { type Field, fieldOf, type Schema } from '../../../plan/types.ts'
import type { DataFile } from '../manifest.ts'
import type { TableWork } from '../work.ts'

/** Files that one write may leave: each is opened by every reader. */
const MOST = 1000

/** The rows of one partition, and the values that all of them have. */
interface Partition {
  readonly values: Readonly<Record<string, Literal>>
  readonly rows: Node
}

/** Rows by the values of some columns, in the order of these values; all rows together where no columns are named. @throws DATASET_PARTITIONS */
export async function partitionsOf(
  work: TableWork,
  name: string,
  rows: Node,
  by: readonly string[],
): Promise<readonly Partition[]> {
  if (by.length === 0) return [{ values: {}, rows }]
  const fields = by.map((column) => fieldOf(rows.schema, column, `the partitions of '${name}'`))
  const grouped = build({ op: 'aggregate', input: rows, by, aggs: [['n', { fn: 'count', arg: null }]] })
  const keys = by.map((column) => ({ by: col(column), descending: false }))
  const found = await work.collect(build({ op: 'sort', input: grouped, keys }))
  if (found.length > MOST)
    throw new GalleyError('DATASET_PARTITIONS', {
      what: `'${name}' would be written as ${found.length.toLocaleString('en-US')} files`,
      why: `${by.map((c) => `'${c}'`).join(' and ')} have so many values; one write leaves at most ${MOST.toLocaleString('en-US')} partitions`,
      fix: 'partition by a column of fewer values, for instance the month of a date',
      details: { partitions: found.length, most: MOST },
    })
  return found.map((row) => {
    const values = fields.map((f) => [f.name, literalOf(ownValue(row, f.name) ?? null, f.type)] as const)
    const predicate = values
      .map(([, value], i) => equals(fields[i] as Field, value))
      .reduce((a, b) => call('and', a, b))
    return { values: Object.fromEntries(values), rows: build({ op: 'filter', input: rows, predicate }) }
  })
}

const equals = (f: Field, value: Literal): Expr =>
  value === null ? call('isNull', col(f.name)) : call('eq', col(f.name), lit(value, f.type))

/** The values of a file in some columns, of each of which it has one. @throws DATASET_PARTITIONS */
export function partitionOf(name: string, file: DataFile, by: readonly string[]): Readonly<Record<string, Literal>> {
  return Object.fromEntries(
    by.map((column) => {
      if (file.partition && Object.hasOwn(file.partition, column)) return [column, file.partition[column] ?? null]
      const found = ownValue(file.columns ?? {}, column)
      // a column that the file does not have is null in it
      if (!found || found.nulls === file.rows) return [column, null]
      if (found.nulls === 0 && !found.nan && found.min !== null && found.min !== undefined && found.min === found.max)
        return [column, found.min]
      throw new GalleyError('DATASET_PARTITIONS', {
        what: `the newest version of '${name}' is not partitioned by '${column}'`,
        why: `the file ${file.path} holds several values of it, so no part of it can be overwritten alone`,
        fix: `write it once with { write: 'full', partitionBy: [${by.map((c) => `'${c}'`).join(', ')}] }`,
        details: { column, file: file.path },
      })
    }),
  )
}

type Replaces = Readonly<Record<string, Literal>>

/** Whether a write replaces a file whatever rows come. */
export function isReplaced(name: string, file: DataFile, { replaces }: { readonly replaces?: Replaces }): boolean {
  if (!replaces) return false
  const own = partitionOf(name, file, Object.keys(replaces))
  return Object.entries(replaces).every(([column, value]) => own[column] === value)
}

const shown = (schema: Schema, column: string, value: Literal | undefined): string =>
  printExpr(lit(value ?? null, fieldOf(schema, column, 'partition').type))

/** @throws DATASET_PARTITIONS for rows that lie outside of what is replaced */
export function requireWithin(name: string, schema: Schema, values: Replaces, replaces: Replaces): void {
  const [column] = Object.keys(replaces).filter((c) => values[c] !== replaces[c])
  if (column === undefined) return
  throw new GalleyError('DATASET_PARTITIONS', {
    what: `rows of another partition would be written to '${name}'`,
    why: `their '${column}' is ${shown(schema, column, values[column])}, and the partition that is computed is ${shown(schema, column, replaces[column])}`,
    fix: `keep its own rows alone: .filter((r) => ${column}.holds(r.…))`,
    details: { column, value: values[column] ?? null, partition: replaces[column] ?? null },
  })
}
