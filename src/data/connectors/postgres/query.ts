import { GalleyError } from '../../../base/errors.ts'
import type { Json } from '../../../base/json.ts'
import { quote, sqlType } from '../../../engines/duckdb/sql/names.ts'
import { parseType, type Type, typeName } from '../../../plan/types.ts'
import type { ConnectorContext, SourceSpec } from '../connector.ts'
import { requireColumns } from '../files.ts'
import { conditionSql } from './conditions.ts'
import { ident, type Table } from './table.ts'
import { type Carried, carriedAs, pgName, proposed } from './types.ts'

/** A declared column, and how it is read; absent where it is gone and may be. */
export interface Column {
  readonly name: string
  readonly type: Type
  readonly carried?: Carried
}

/** What is asked of the server, and what is made of it. */
export interface Question {
  readonly table: Table
  readonly columns: readonly Column[]
  /** The columns that are carried over. */
  readonly taken: readonly (Column & { readonly carried: Carried })[]
  /** Conditions on rows. */
  readonly where: readonly string[]
  /** Which rows have a value without one of its type, whether it is carried over or not; absent where none can. */
  readonly broken?: string
  /** Whether broken rows show in what is carried over. */
  readonly shows: boolean
  /** What was left to the server, for people. */
  readonly pushed: readonly string[]
}

/** Declared columns beside those of the table. @throws PLAN_UNKNOWN_COLUMN, SOURCE_SCHEMA */
export function columnsOf(spec: SourceSpec, path: string, table: Table): Column[] {
  const evolves = spec.options['changes'] === 'evolve'
  if (!evolves) requireColumns(spec, [...table.columns.keys()], path)
  return Object.entries(spec.columns).map(([name, given]): Column => {
    const [type, has] = [parseType(given), table.columns.get(name)]
    if (!has) return { name, type }
    const carried = carriedAs(has, type)
    if (carried) return { name, type, carried }
    throw new GalleyError('SOURCE_SCHEMA', {
      what: `column '${name}' of ${path} is ${pgName(has)}, the recipe says ${typeName(type)}`,
      why: 'a wrong type would change values silently',
      fix: `declare it as '${typeName(parseType(proposed(has)))}', and cast it in the recipe if you need a ${typeName(type)}`,
      details: { column: name, has: pgName(has), wants: typeName(type) },
    })
  })
}

/** What is asked, after what the rest of the recipe needs. */
export function questionOf(spec: SourceSpec, path: string, table: Table, wanted: ConnectorContext['wanted']): Question {
  const columns = columnsOf(spec, path, table)
  const named = (c: Column): c is Column & { carried: Carried } => c.carried !== undefined
  const known = columns.filter(named)
  const taken = known.filter((c) => !wanted || wanted.columns.includes(c.name))
  const where = (wanted?.where ?? []).flatMap((c) => {
    const own = known.find((k) => k.name === c.column)
    const sql = own && conditionSql(c, table.columns.get(c.column) ?? { name: '' }, own.type)
    return sql ? [sql] : []
  })
  const odd = known.filter((c) => c.carried.broken)
  const broken = odd.map((c) => c.carried.broken?.(ident(c.name))).join(' OR ')
  return {
    table,
    columns,
    taken,
    where,
    ...(broken ? { broken } : {}),
    shows: where.length === 0 && odd.every((c) => taken.includes(c as (typeof taken)[number])),
    pushed: [
      ...(taken.length < known.length ? [`${taken.length} of ${known.length} columns`] : []),
      ...where.map((w) => w.replaceAll(' COLLATE "C"', '')),
    ],
  }
}

/** Rows that lie from one block on, before another. */
export interface Range {
  readonly from?: number
  readonly before?: number
}

/** The reader takes a line that holds nothing but an empty text for none: a row is never of one column. */
const isNarrow = (q: Question): boolean => q.taken.length < 2

/** The rows of a range as the server writes them. */
export function copyOut(q: Question, range: Range, more: readonly string[] = []): string {
  const values = [...q.taken.map((c) => c.carried.select(ident(c.name))), ...(isNarrow(q) ? ['1'] : [])].join(', ')
  const places = [
    ...(range.from === undefined ? [] : [`ctid >= '(${range.from},0)'`]),
    ...(range.before === undefined ? [] : [`ctid < '(${range.before},0)'`]),
  ]
  return `COPY (SELECT ${values} FROM ${q.table.sql}${whereSql([...places, ...q.where, ...more])}) TO STDOUT (FORMAT csv, NULL '\\N')`
}

export const whereSql = (terms: readonly string[]): string =>
  terms.length > 0 ? ` WHERE ${terms.map((t) => `(${t})`).join(' AND ')}` : ''

/** The columns of what the server wrote, as the batch engine's reader has them. */
export const readColumns = (q: Question): string =>
  `{${[...q.taken.map((c, i) => `'c${i}': '${c.carried.read}'`), ...(isNarrow(q) ? ["'one': 'INTEGER'"] : [])].join(', ')}}`

/** The declared columns made of them. */
export function madeColumns(q: Question): string {
  const places = new Map(q.taken.map((c, i) => [c.name, c.carried.value(`c${i}`)]))
  return q.columns
    .map(({ name, type }) => `CAST(${places.get(name) ?? 'NULL'} AS ${sqlType(type)}) AS ${quote(name)}`)
    .join(', ')
}

/** How far a table was read. */
export interface Cursor {
  readonly format: 1
  readonly server: string
  /** Every transaction before it had ended, and what it left was read. */
  readonly horizon: string
  /** The greatest value of the column that was read. */
  readonly high: string | null
}

export const cursorIn = (json: Json | undefined): Cursor | undefined => json as unknown as Cursor | undefined
