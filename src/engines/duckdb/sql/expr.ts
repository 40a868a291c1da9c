import { col, columnsOf, type Expr, mapExpr } from '../../../plan/expr.ts'
import { callFails, castFails, fallible } from '../../../plan/functions/fallible.ts'
import { argumentType } from '../../../plan/functions/widen.ts'
import { infer } from '../../../plan/infer.ts'
import { type Field, isDecimal, type Schema, sameType, type Type } from '../../../plan/types.ts'
import { bound, freeName, LONG } from './call.ts'
import { sqlCast, sqlTryCast } from './casts.ts'
import { SQL } from './functions.ts'
import { quote, sqlLiteral, sqlType } from './names.ts'
import { isJson } from './text.ts'

/**
 * How an expression is lowered. `strict` raises where it fails, for whatever row DuckDB computes it. `lenient` gives NULL
 * there instead, and `failureOf` says where that is. `marks` names the columns that say so of columns already computed.
 */
export interface Mode {
  readonly lenient: boolean
  readonly marks?: ReadonlyMap<string, string>
}
const STRICT: Mode = { lenient: false }
const LENIENT: Mode = { lenient: true }

/** An expression as DuckDB SQL over rows of `schema`. */
export function sqlExpr(e: Expr, schema: Schema, mode: Mode = STRICT): string {
  const attempt = (sql: string, fails: boolean) => (mode.lenient && fails ? `TRY(${sql})` : sql)
  switch (e.op) {
    case 'col':
      return quote(e.name)
    case 'lit':
      return sqlLiteral(e.value, e.type)
    case 'case': {
      const { type } = infer(e, schema, 'case')
      const value = (v: Expr) => widened(v, type, schema, mode)
      const whens = e.when.map(([c, v]) => `WHEN ${sqlExpr(c, schema, mode)} THEN ${value(v)}`)
      return `CASE ${whens.join(' ')} ELSE ${value(e.otherwise)} END`
    }
    case 'cast': {
      const from = infer(e.arg, schema, 'cast').type
      if (sameType(from, e.to)) return sqlExpr(e.arg, schema, mode)
      const fails = castFails(from, e.to)
      if (fails && e.onError === 'null' && fallible(e.arg, schema) && !mode.lenient) return nullFor(e, schema)
      const sql = fails && (e.onError === 'null' || mode.lenient) ? sqlTryCast : sqlCast
      return bound([sqlExpr(e.arg, schema, mode)], ([arg = '']) => sql(...exactly(arg, from, e.to)))
    }
    case 'lookup':
      return sqlLookup(e, schema, mode)
    case 'predict':
      throw new Error('predict has no SQL form') // prepare() declares the gap before this is reached
    case 'call': {
      if (e.fn === 'orNull' || e.fn === 'fails') {
        const [arg] = e.args as [Expr]
        return withNames(arg, schema, mode, (named, fields) => {
          const failed = failureOf(named, fields, mode)
          if (e.fn === 'fails') return failed ?? 'FALSE'
          return failed
            ? `CASE WHEN ${failed} THEN NULL ELSE ${sqlExpr(named, fields, { ...mode, lenient: true })} END`
            : sqlExpr(named, fields, mode)
        })
      }
      const own = e.args.map((a) => infer(a, schema, e.fn).type)
      const common = argumentType(e.fn, own)
      const types = common ? own.map(() => common) : own
      const args = e.args.map((a, i) => (common ? widened(a, common, schema, mode, own[i]) : sqlExpr(a, schema, mode)))
      const { type } = infer(e, schema, e.fn)
      const { fn, args: exprs } = e
      const sql = bound(
        args,
        (named) => SQL[fn]({ args: named, types, type, exprs }),
        (i) => exprs[i]?.op === 'lit',
      )
      return attempt(sql, callFails(fn, own, exprs))
    }
  }
}

/**
 * A cast with its argument as DuckDB casts it rightly: a decimal without whole digits has no 0 before the point in its text,
 * and of a bool it takes the last digit.
 */
function exactly(arg: string, from: Type, to: Type): [arg: string, from: Type, to: Type] {
  if (to === 'string' && isDecimal(from) && from.decimal[0] === from.decimal[1])
    return [`CAST(${arg} AS DECIMAL(${from.decimal[0] + 1}, ${from.decimal[1]}))`, from, to]
  if (from === 'bool' && isDecimal(to)) return [`CAST(${arg} AS INTEGER)`, 'int32', to]
  return [arg, from, to]
}

/**
 * What is made of an expression that is looked at more than once. Long parts of it that can't fail are computed once, under a
 * name.
 */
function withNames(e: Expr, schema: Schema, mode: Mode, form: (e: Expr, schema: Schema) => string): string {
  const lifted: { readonly field: Field; readonly sql: string }[] = []
  const marked = (x: Expr) => mode.marks !== undefined && columnsOf(x).some((c) => mode.marks?.has(c))
  const lift = (x: Expr): Expr => {
    if (x.op === 'col' || x.op === 'lit') return x
    if (fallible(x, schema) || marked(x)) return mapExpr(x, lift)
    const sql = sqlExpr(x, schema, mode)
    if (sql.length <= LONG) return x
    const name = freeName([
      sql,
      ...lifted.flatMap((l) => [l.sql, quote(l.field.name)]),
      ...schema.map((f) => quote(f.name)),
    ])
    lifted.push({ field: { name, type: infer(x, schema, 'name').type, nullable: true }, sql })
    return col(name)
  }
  const named = lift(e)
  const body = form(named, [...schema, ...lifted.map((l) => l.field)])
  return lifted.reduce((sql, l) => `list_transform([${l.sql}], lambda "${l.field.name}": ${sql})[1]`, body)
}

/** A cast whose failures are null, over an argument whose own failures are not. */
function nullFor(e: Extract<Expr, { op: 'cast' }>, schema: Schema): string {
  const own = failureOf(e.arg, schema, LENIENT) ?? 'FALSE'
  const from = infer(e.arg, schema, 'cast').type
  const lenient = sqlTryCast(...exactly(sqlExpr(e.arg, schema, LENIENT), from, e.to))
  return `CASE WHEN ${own} THEN CAST(CAST(${sqlExpr(e.arg, schema)} AS VARCHAR) AS ${sqlType(e.to)}) ELSE ${lenient} END`
}

function widened(e: Expr, to: Type, schema: Schema, mode: Mode, from = infer(e, schema, 'widen').type): string {
  const sql = sqlExpr(e, schema, mode)
  if (sameType(from, to)) return sql
  const cast = `CAST(${sql} AS ${sqlType(to)})`
  return mode.lenient && typeof to === 'object' ? `TRY(${cast})` : cast
}

/** Where a value has no room in the decimal that it is widened to; undefined when it always has. */
function widening(e: Expr, to: Type, schema: Schema, mode: Mode): string | undefined {
  if (!isDecimal(to) || sameType(infer(e, schema, 'widen').type, to)) return undefined
  const lenient = { ...mode, lenient: true }
  return `(${sqlExpr(e, schema, lenient)} IS NOT NULL AND ${widened(e, to, schema, lenient)} IS NULL)`
}

/** Where a value fails, as a condition that is never null; undefined when it never does. */
export function failureOf(e: Expr, schema: Schema, mode: Mode = LENIENT): string | undefined {
  const inner = (child: Expr) => failureOf(child, schema, mode)
  const value = (child: Expr) => sqlExpr(child, schema, { ...mode, lenient: true })
  switch (e.op) {
    case 'col': {
      const mark = mode.marks?.get(e.name)
      return mark ? quote(mark) : undefined
    }
    case 'lit':
      return undefined
    case 'cast': {
      const arg = inner(e.arg)
      const own = e.onError === 'fail' && castFails(infer(e.arg, schema, 'cast').type, e.to)
      return anyOf([arg, own ? `(${value(e.arg)} IS NOT NULL AND ${value(e)} IS NULL)` : undefined])
    }
    case 'case': {
      const type = infer(e, schema, 'case').type
      const branch = (v: Expr) => anyOf([inner(v), widening(v, type, schema, mode)]) ?? 'FALSE'
      const whens = e.when.map(([c, v]) => {
        const condition = inner(c)
        return `${condition ? `WHEN ${condition} THEN TRUE ` : ''}WHEN ${value(c)} THEN ${branch(v)}`
      })
      const sql = `CASE ${whens.join(' ')} ELSE ${branch(e.otherwise)} END`
      return sql.includes('TRUE') || sql.includes('IS NOT NULL') || mode.marks ? sql : undefined
    }
    case 'call': {
      if (e.fn === 'fails' || e.fn === 'orNull') return undefined
      if (e.fn === 'and' || e.fn === 'or') {
        const failed = e.args.map(inner)
        if (failed.every((f) => f === undefined)) return undefined
        const decides = e.fn === 'and' ? 'FALSE' : 'TRUE'
        return bound(
          failed.map((f) => f ?? ''),
          (named) => {
            const own = named.map((f) => (f === '' ? undefined : f))
            // what stands for a value that failed decides nothing
            const undecided = e.args.map((a, i) => `(${anyOf([own[i], `(${value(a)}) IS DISTINCT FROM ${decides}`])})`)
            return `(${[anyOf(own), ...undecided].join(' AND ')})`
          },
        )
      }
      const own = e.args.map((a) => infer(a, schema, e.fn).type)
      const common = argumentType(e.fn, own)
      const fails = e.args.map((a) => anyOf([inner(a), common && widening(a, common, schema, mode)]))
      if (e.fn === 'coalesce') {
        if (fails.every((f) => f === undefined)) return undefined
        const whens = e.args.map(
          (a, i) => `WHEN ${fails[i] ?? 'FALSE'} THEN TRUE WHEN ${value(a)} IS NOT NULL THEN FALSE`,
        )
        return `CASE ${whens.join(' ')} ELSE FALSE END`
      }
      const any = anyOf(fails)
      if (!callFails(e.fn, own, e.args)) return any
      // JSON that holds nothing there is null without having failed
      if (e.fn.startsWith('json')) return anyOf([any, `coalesce(NOT (${isJson(value(e.args[0] as Expr))}), FALSE)`])
      const present = e.args.map((a) => `${value(a)} IS NOT NULL`).join(' AND ')
      return anyOf([any, `(${present} AND ${value(e)} IS NULL)`])
    }
    default:
      return anyOf(e.args.map(inner))
  }
}

function anyOf(conditions: readonly (string | undefined)[]): string | undefined {
  const present = conditions.filter((c) => c !== undefined)
  return present.length > 1 ? `(${present.join(' OR ')})` : present[0]
}

/** Constants of a fit: a small VALUES table, joined by DuckDB as a hash join. */
function sqlLookup(e: Extract<Expr, { op: 'lookup' }>, schema: Schema, mode: Mode): string {
  const fallback = sqlLiteral(e.fallback, e.type)
  if (e.table.keys.length === 0) return fallback
  const types = e.args.map((a) => infer(a, schema, 'lookup').type)
  const rows = e.table.keys.map(
    (key, i) =>
      `(${[...key.map((k, j) => sqlLiteral(k, types[j] ?? 'string')), sqlLiteral(e.table.values[i] ?? null, e.type)].join(', ')})`,
  )
  // a column of the row may have any name but these: '__' is the engines' own
  const names = e.args.map((_, i) => `"__k${i}"`)
  const where = e.args.map((a, i) => `"__k${i}" IS NOT DISTINCT FROM ${sqlExpr(a, schema, mode)}`).join(' AND ')
  const source = `FROM (VALUES ${rows.join(', ')}) AS "__lookup"(${[...names, '"__v"'].join(', ')}) WHERE ${where}`
  if (!e.table.values.includes(null)) return `coalesce((SELECT "__v" ${source}), ${fallback})`
  return `CASE WHEN (SELECT TRUE ${source}) THEN (SELECT "__v" ${source}) ELSE ${fallback} END`
}
