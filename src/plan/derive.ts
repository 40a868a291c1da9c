import { GalleyError } from '../base/errors.ts'
import type { Agg, Expr } from './expr.ts'
import { mended, ONE_CLOCK } from './functions/written.ts'
import { infer, inferAgg } from './infer.ts'
import { checkFields, checkWritable } from './names.ts'
import type { Named, Node } from './nodes.ts'
import { nullable, setSchema } from './sets.ts'
import { type Field, fieldOf, isList, isTemporal, type Schema, sameType, typeName } from './types.ts'
import { orderTypes, windowSchema } from './window.ts'

/** A node as it is described, before its schema is known. */
export type WithoutSchema<N> = N extends Node ? Omit<N, 'schema'> & { schema?: Schema } : never

const JOINS: readonly string[] = ['inner', 'left', 'semi', 'anti']

/** The columns that a node gives, checked against its inputs. @throws PLAN_* */
export function deriveSchema(n: WithoutSchema<Node>): Schema {
  switch (n.op) {
    case 'scan':
      someOf(n.schema ?? [], 'a source gives no columns', 'declare the ones to read')
      for (const { type } of n.schema ?? []) checkFields(type)
      return unique(n.schema ?? [], 'the source')
    case 'filter':
    case 'reject':
      expectBool(n.predicate, n.input.schema, n.op)
      return n.input.schema
    case 'select':
      someOf(n.columns, 'select gives no columns', 'name one at least')
      return unique(typed(n.columns, n.input.schema, 'select'), 'select')
    case 'derive': {
      const added = typed(n.columns, n.input.schema, 'derive')
      return beside(n.input.schema, added)
    }
    case 'aggregate':
      someOf([...n.by, ...n.aggs], 'aggregate gives no columns', 'name a key or an aggregate')
      return unique(
        [
          ...n.by.map((name) => fieldOf(n.input.schema, name, 'aggregate')),
          ...aggFields(n.aggs, n.input.schema, 'aggregate'),
        ],
        'aggregate',
      )
    case 'rolling':
      someOf(
        n.by,
        'rolling needs a key',
        "name a column: { by: 'city', … }; derive a constant one where there is one key",
      )
      expectTemporal(n.input.schema, n.on, 'rolling')
      if (!(Number.isSafeInteger(n.over) && n.over > 0))
        throw new GalleyError('PLAN_INVALID', {
          what: 'a rolling window needs a span',
          why: `got ${n.over} µs`,
          fix: 'use for instance hours(3)',
        })
      return unique(
        [
          ...n.by.map((name) => fieldOf(n.input.schema, name, 'rolling')),
          fieldOf(n.input.schema, n.on, 'rolling'),
          ...aggFields(n.aggs, n.input.schema, 'rolling'),
        ],
        'rolling',
      )
    case 'join': {
      if (!JOINS.includes(n.how))
        throw new GalleyError('PLAN_INVALID', {
          what: `there is no join '${String(n.how)}'`,
          fix: `use one of ${JOINS.join(', ')}`,
        })
      someOf(n.on, 'a join needs a key', "name the columns that are to be equal: { origin: 'iata' }")
      checkKeys(n.on, n.left.schema, n.right.schema, 'join')
      if (n.how === 'semi' || n.how === 'anti') return n.left.schema
      const keys = new Set(n.on.map(([, r]) => r))
      const added = n.right.schema.filter((f) => !keys.has(f.name))
      return unique([...n.left.schema, ...(n.how === 'left' ? added.map(nullable) : added)], 'join')
    }
    case 'asof': {
      someOf(n.by, 'asOf needs a key', "name the columns that are to be equal: { by: 'city', … }")
      checkKeys(n.by, n.left.schema, n.right.schema, 'asOf')
      const at = expectTemporal(n.left.schema, n.at, 'asOf')
      const on = expectTemporal(n.right.schema, n.on, 'asOf')
      if (!sameType(at.type, on.type))
        throw new GalleyError('PLAN_TYPE_MISMATCH', {
          what: `asOf compares '${n.at}' (${typeName(at.type)}) with '${n.on}' (${typeName(on.type)})`,
          why: 'which is later hangs on the zone',
          fix: ONE_CLOCK,
        })
      const skip = new Set([...n.by.map(([, r]) => r), n.on])
      const counts =
        n.right.op === 'rolling'
          ? new Set(n.right.aggs.filter(([, a]) => a.fn === 'count' || a.fn === 'countDistinct').map(([name]) => name))
          : new Set<string>()
      const added = n.right.schema.filter((f) => !skip.has(f.name)).map((f) => (counts.has(f.name) ? f : nullable(f)))
      return unique([...n.left.schema, ...added], 'asOf')
    }
    case 'distinct':
      return n.input.schema
    case 'sort':
      orderTypes(n.keys, n.input.schema, 'sort')
      return n.input.schema
    case 'limit':
      if (!Number.isSafeInteger(n.count) || n.count < 0)
        throw new GalleyError('PLAN_INVALID', {
          what: `limit can't keep ${n.count} rows`,
          fix: 'give a whole number from 0 on',
        })
      if (n.input.op !== 'sort')
        throw new GalleyError('PLAN_NEEDS_ORDER', {
          what: 'limit needs an order',
          why: 'a relation has none unless it is sorted',
          fix: 'call sort() just before limit()',
        })
      return n.input.schema
    case 'unnest': {
      const { type } = fieldOf(n.input.schema, n.column, 'unnest')
      if (!isList(type))
        throw new GalleyError('PLAN_TYPE_MISMATCH', {
          what: 'unnest needs a list',
          why: `'${n.column}' is a ${typeName(type)}`,
          fix: type === 'string' ? "make one of it first: .split(', '), .tokens()" : 'name a column that is a list',
        })
      const fields = n.input.schema.map((f) => (f.name === n.column ? { ...f, type: type.list, nullable: true } : f))
      const place: Field[] = n.position ? [{ name: n.position, type: 'int64', nullable: n.keepEmpty }] : []
      return unique([...fields, ...place], 'unnest')
    }
    case 'annotate': {
      const notes = new Map(n.notes)
      for (const name of notes.keys()) fieldOf(n.input.schema, name, 'annotate')
      return n.input.schema.map((f) => ({ ...f, ...notes.get(f.name) }))
    }
    case 'window':
      return unique(windowSchema(n), 'window')
    case 'intersect':
    case 'except':
    case 'union':
      return setSchema(n)
  }
}

/** The input's columns with others added or put in their place. The input's names are known to differ. */
function beside(schema: Schema, added: readonly Field[]): Schema {
  unique(added, 'derive')
  let replaced = 0
  let clash = false
  for (const { name } of added) {
    const last = lastOf(name)
    for (const f of schema) {
      const other = lastOf(f.name)
      // most names are told apart by their last letter: of ASCII, only a letter and itself in lower case become one
      if ((last | 32) !== (other | 32) && last < 128 && other < 128) continue
      if (f.name === name) replaced++
      else clash ||= f.name.toLowerCase() === name.toLowerCase()
    }
  }
  const kept = replaced === 0 ? schema : schema.filter((f) => !added.some((a) => a.name === f.name))
  const all = [...kept, ...added]
  return clash ? unique(all, 'derive') : all
}

const lastOf = (name: string): number => name.charCodeAt(name.length - 1)

function someOf(list: readonly unknown[], what: string, fix: string): void {
  if (list.length === 0) throw new GalleyError('PLAN_INVALID', { what, fix })
}

/** A bare column keeps what is known of it (unit, description, tags); anything computed starts fresh. */
function typed(columns: Named<Expr>, schema: Schema, where: string): Field[] {
  return columns.map(([name, e]) => {
    if (e.op === 'col') return { ...fieldOf(schema, e.name, where), name }
    const of = infer(e, schema, `${where} of '${name}'`)
    return of.unit || of.tags ? { name, ...of } : { name, type: of.type, nullable: of.nullable }
  })
}

const aggFields = (aggs: Named<Agg>, schema: Schema, where: string): Field[] =>
  aggs.map(([name, agg]) => ({ name, ...inferAgg(agg, schema, `${where} of '${name}'`) }))

/** Names that differ only in case count as one: SQL engines don't tell them apart, and would read one for the other. */
function unique(fields: Schema, where: string): Schema {
  checkWritable(fields)
  if (fields.length < 2) return fields
  const seen = new Map<string, string>()
  for (const { name } of fields) {
    const other = seen.get(name.toLowerCase())
    if (other !== undefined)
      throw new GalleyError('PLAN_DUPLICATE_COLUMN', {
        what:
          other === name
            ? `${where} gives two columns named '${name}'`
            : `${where} gives a column '${name}' beside '${other}'`,
        ...(other === name ? {} : { why: 'names that differ only in case are one name to an SQL engine' }),
        fix: FIXES[where]?.(other) ?? 'rename or drop one of them first',
        details: { column: name },
      })
    seen.set(name.toLowerCase(), name)
  }
  return fields
}

/** How two columns of one name are told apart. */
const FIXES: Readonly<Record<string, (name: string) => string>> = {
  join: (name) =>
    `rename or drop it on one side first: other.rename({ ${key(name)}: '${name}2' }), or other.drop('${name}')`,
  asOf: (name) =>
    `rename or drop it on one side first: other.rename({ ${key(name)}: '${name}2' }); a window's columns are named where it is made`,
}
const key = (name: string): string => (/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : `'${name}'`)

function expectBool(e: Expr, schema: Schema, where: string): void {
  const { type } = infer(e, schema, where)
  if (type !== 'bool')
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `${where} needs a condition`,
      why: `it got a ${typeName(type)}`,
      fix: 'compare it with something',
    })
}

function expectTemporal(schema: Schema, name: string, where: string): Field {
  const field = fieldOf(schema, name, where)
  if (!isTemporal(field.type) || field.type === 'date')
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `${where} needs a timestamp`,
      why: `'${name}' is a ${typeName(field.type)}`,
      fix: `derive one: r.${name}.${field.type === 'date' ? "cast('local timestamp')" : field.type === 'string' ? "parseTime('%Y-%m-%d %H:%M:%S')" : '…'}, or name another column`,
    })
  return field
}

function checkKeys(on: readonly (readonly [string, string])[], left: Schema, right: Schema, where: string): void {
  for (const [l, r] of on) {
    const a = fieldOf(left, l, where)
    const b = fieldOf(right, r, where)
    if (!sameType(a.type, b.type))
      throw new GalleyError('PLAN_TYPE_MISMATCH', {
        what: `${where} compares '${l}' (${typeName(a.type)}) with '${r}' (${typeName(b.type)})`,
        fix: mended([a.type, b.type]),
      })
  }
}
