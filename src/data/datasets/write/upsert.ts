import { GalleyError } from '../../../base/errors.ts'
import { ownValue } from '../../../base/own.ts'
import { compare, literalOf, literalValue } from '../../../engines/values.ts'
import { call, col, type Literal, lit } from '../../../plan/expr.ts'
import { build, type Node } from '../../../plan/nodes.ts'
import { type Field, fieldOf, type Type } from '../../../plan/types.ts'
import { isBounded } from '../footers.ts'
import type { DataFile } from '../manifest.ts'
import type { TableWork } from '../work.ts'

/** Keys that an error names. */
const NAMED = 5

/**
 * The rows with each key once: of several, the latest by the moment, where one is declared.
 * @throws DATASET_KEYS naming keys that are missing, or that several rows have where none of these is the latest
 */
export async function oneForEachKey(
  work: TableWork,
  name: string,
  rows: Node,
  key: readonly string[],
  moment: string | null,
): Promise<Node> {
  const fields = key.map((column) => fieldOf(rows.schema, column, `the key of '${name}'`))
  const anyNull = fields.map((f) => call('isNull', col(f.name))).reduce((a, b) => call('or', a, b))
  const count = [['n', { fn: 'count', arg: null }]] as const
  const missing = build({ op: 'filter', input: rows, predicate: anyNull })
  const [nulls] = await work.collect(build({ op: 'aggregate', input: missing, by: [], aggs: count }))
  if (Number(nulls?.['n']) > 0)
    throw new GalleyError('DATASET_KEYS', {
      what: `${Number(nulls?.['n'])} rows that were to be written to '${name}' have no key`,
      why: `${key.map((c) => `'${c}'`).join(' or ')} is null there, and null is the same as nothing`,
      fix: 'reject such rows with a reason before they are written',
    })
  // of two at one moment there is no later one
  const same = [...key, ...(moment === null || key.includes(moment) ? [] : [moment])]
  const groups = build({ op: 'aggregate', input: rows, by: same, aggs: [['__n', { fn: 'count', arg: null }]] })
  const twice = build({ op: 'filter', input: groups, predicate: call('gt', col('__n'), lit('1', 'int64')) })
  const sorted = build({ op: 'sort', input: twice, keys: same.map((c) => ({ by: col(c), descending: false })) })
  const found = await work.collect(build({ op: 'limit', input: sorted, count: NAMED + 1 }))
  if (found.length > 0) {
    const shown = found
      .slice(0, NAMED)
      .map((row) =>
        fields.map((f) => `${f.name}=${JSON.stringify(literalOf(ownValue(row, f.name) ?? null, f.type))}`).join(' '),
      )
    const more = found.length > NAMED ? ' and others' : ''
    throw new GalleyError('DATASET_KEYS', {
      what: `several rows that were to be written to '${name}' have one key: ${shown.join(', ')}${more}`,
      why:
        moment === null
          ? 'which of them is the latest is not declared'
          : `they are of the same '${moment}', so none is later`,
      fix:
        moment === null
          ? 'keep one of each, or declare the column that tells which is the latest as the moment of the dataset'
          : 'keep one of each before they are written',
      details: { keys: shown },
    })
  }
  if (moment === null || key.includes(moment)) return rows
  const order = [{ by: col(moment), descending: true }]
  const placed = build({ op: 'window', input: rows, by: key, order, columns: [['__place', { fn: 'rowNumber' }]] })
  const latest = build({ op: 'filter', input: placed, predicate: call('eq', col('__place'), lit('1', 'int64')) })
  return build({ op: 'select', input: latest, columns: rows.schema.map((f) => [f.name, col(f.name)] as const) })
}

/** Rows in the order of their keys: ranges of files are then narrow, and equal rows are equal bytes. */
export function inKeyOrder(rows: Node, key: readonly string[]): Node {
  const others = rows.schema.map((f) => f.name).filter((name) => !key.includes(name))
  return build({ op: 'sort', input: rows, keys: [...key, ...others].map((c) => ({ by: col(c), descending: false })) })
}

/** A file's rows but for those that new files have the keys of; undefined where it has none of them, and stays as it is. */
export async function withoutKeys(
  work: TableWork,
  file: DataFile,
  rows: Node,
  made: readonly (DataFile & { readonly from?: string })[],
  key: readonly string[],
): Promise<Node | undefined> {
  const fields = key.map((column) => fieldOf(rows.schema, column, 'the key'))
  const near = made.filter((m) => fields.every((f) => mayShare(f, file, m)))
  if (near.length === 0) return undefined
  const keys = build({
    op: 'select',
    input: build({
      op: 'scan',
      from: { kind: 'parquet', files: near.flatMap((f) => f.from ?? []) },
      schema: rows.schema,
    }),
    columns: key.map((c) => [c, col(c)] as const),
  })
  const on = key.map((c) => [c, c] as const)
  const both = build({ op: 'join', left: rows, right: keys, on, how: 'semi' })
  const aggs = [['n', { fn: 'count', arg: null }]] as const
  const [matched] = await work.collect(build({ op: 'aggregate', input: both, by: [], aggs }))
  if (Number(matched?.['n']) === 0) return undefined
  return inKeyOrder(build({ op: 'join', left: rows, right: keys, on, how: 'anti' }), key)
}

/** Whether two files can hold the same value of a column: their ranges touch, or are not known. */
function mayShare(f: Field, a: DataFile, b: DataFile): boolean {
  const [x, y] = [ownValue(a.columns ?? {}, f.name), ownValue(b.columns ?? {}, f.name)]
  if (a.columns && !x) return false // all null, which no key is
  if (!x || !y || !isBounded(f)) return true
  const before = (high: Literal | undefined, low: Literal | undefined) =>
    high !== null && high !== undefined && low !== null && low !== undefined && order(high, low, f.type) < 0
  return !before(x.max, y.min) && !before(y.max, x.min)
}

const order = (a: Literal, b: Literal, type: Type): number => {
  const [x, y] = [literalValue(a, type), literalValue(b, type)]
  return x === null || y === null ? 0 : compare(x, y)
}
