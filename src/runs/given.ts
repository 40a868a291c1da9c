import { GalleyError } from '../base/errors.ts'
import type { SourceSpec } from '../data/connectors/connector.ts'

/** What the calls of a recipe take: a misspelt option would be passed over in silence. */
export const DATASET_OPTIONS = [
  'split',
  'expect',
  'moment',
  'write',
  'partitionBy',
  'replaces',
  'key',
  'onSchemaChange',
  'incremental',
  'timeout',
] as const
export const TRAIN_OPTIONS = [
  'target',
  'goal',
  'weight',
  'features',
  'fit',
  'candidates',
  'threshold',
  'gate',
  'seed',
  'timeout',
] as const
export const SERVE_OPTIONS = ['entry', 'input', 'lateness', 'ahead', 'warmUntil', 'watch', 'timeout'] as const

const refuse = (what: string, why: string, fix: string): never => {
  throw new GalleyError('RECIPE_INVALID', { what, why, fix })
}

/** @throws RECIPE_INVALID for what is no table, or stands where the name should */
export function checkTable(call: string, id: unknown, t: unknown): void {
  if (typeof id !== 'string')
    refuse(`${call}() is given no name`, 'what it makes is found by its name', `name it first: k.${call}('clean', …)`)
  const given = t as { readonly node?: { readonly op?: string }; readonly table?: unknown } | null | undefined
  if (given?.node?.op === 'rolling')
    refuse(
      `'${String(id)}' is given a rolling window, not a table`,
      'a window has a value at any moment, and no rows of its own',
      "read it at the moments of a table: orders.asOf(window, { by: 'customer', at: 'placed' })",
    )
  if (given?.table !== undefined)
    refuse(`'${String(id)}' is given a dataset, not a table`, 'a dataset has a table', 'write .table behind it')
  if (given?.node === undefined)
    refuse(
      `'${String(id)}' is given no table`,
      `${call}() takes a name and a table`,
      `write k.${call}('${String(id)}', orders.filter((r) => …))`,
    )
}

/** @throws RECIPE_INVALID for a source that no connector made, or that declares no columns */
export function checkSource(id: unknown, spec: unknown): void {
  const { connector, columns } = (spec ?? {}) as Partial<SourceSpec>
  if (typeof connector !== 'string')
    refuse(
      `source '${String(id)}' is given nothing to read with`,
      'a source takes a name and a connector',
      "write for instance k.source('orders', csv('orders.csv', { id: 'int64', price: 'float64' }))",
    )
  if (columns === undefined || columns === null || typeof columns !== 'object')
    refuse(
      `source '${String(id)}' declares no columns`,
      `${connector}() takes the columns to read, with their types`,
      'let galley preview FILE write the line',
    )
}
