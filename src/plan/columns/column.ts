import { GalleyError } from '../../base/errors.ts'
import { checkDuration } from '../durations.ts'
import { call, col, type Expr, exprChildren, type FunctionName, lit } from '../expr.ts'
import { infer } from '../infer.ts'
import { literal } from '../literal.ts'
import { printExpr } from '../print.ts'
import { isList, parseType, type Schema, type Type, type TypeName, unknownColumn } from '../types.ts'
import type { Col, Row } from './kinds.ts'
import { COMPARES, LIKE_IT, likeOf, OTHERS } from './methods.ts'
import { madeColumn } from './unused.ts'

const MAX_DEPTH = 500
/** Operations of an expression as it is written out, what is used twice counted twice: engines write it out. */
const MAX_SIZE = 200_000
const depths = new WeakMap<Expr, number>()
const sizes = new WeakMap<Expr, number>()

/** What a column is over, and where it is written. */
interface About {
  readonly schema: Schema
  readonly where: string
  readonly type: Type
}
const abouts = new WeakMap<Col, About>()
const aboutOf = (c: Col): About => abouts.get(c) as About

/** Wraps an expression over `schema`. The methods are the ones of its type; a wrong one fails by name. */
export function column(expr: Expr, schema: Schema, where: string): Col {
  let depth = 0
  let size = 1
  for (const child of exprChildren(expr)) {
    depth = Math.max(depth, depths.get(child) ?? 0)
    size += sizes.get(child) ?? 1
  }
  if (++depth > MAX_DEPTH || size > MAX_SIZE)
    throw new GalleyError('PLAN_INVALID', {
      what:
        depth > MAX_DEPTH
          ? `an expression in ${where} has more than ${MAX_DEPTH} operations inside each other`
          : `an expression in ${where} has more than ${MAX_SIZE.toLocaleString('en-US')} operations`,
      ...(depth > MAX_DEPTH ? {} : { why: 'a part that is used twice is counted twice' }),
      fix: 'derive a column half-way and go on from it',
    })
  depths.set(expr, depth)
  sizes.set(expr, size)
  const { type } = infer(expr, schema, where)
  madeColumn(expr, type)
  const made = Object.create(METHODS) as { expr: Expr; type: TypeName }
  made.expr = expr
  made.type = nameOf(type)
  Object.freeze(made)
  abouts.set(made as unknown as Col, { schema, where, type })
  return made as unknown as Col
}

type Method = (this: Col, ...args: never[]) => Col
/** One set for all columns: what a method is about is the column that it is called on. */
const METHODS: Readonly<Record<string, Method>> = methods()

function methods(): Record<string, Method> {
  const wrap = (c: Col, e: Expr): Col => {
    const { schema, where } = aboutOf(c)
    return column(e, schema, where)
  }
  const arg = (c: Col, value: unknown, like: Type = aboutOf(c).type): Expr =>
    isColumn(value) ? value.expr : operand(value, like, `${printExpr(c.expr)} in ${aboutOf(c).where}`)
  const all: Record<string, (this: Col, ...args: unknown[]) => Col> = {}
  for (const [method, fn] of Object.entries(LIKE_IT))
    all[method] = function (...args) {
      if (args[0] === null && COMPARES.has(fn)) throw neverTrue(method, this, aboutOf(this).where)
      return wrap(
        this,
        call(fn, this.expr, ...args.map((value) => arg(this, value, likeOf(fn, aboutOf(this).type, value)))),
      )
    }
  for (const [method, [fn, ...types]] of Object.entries(OTHERS))
    all[method] = function (...args) {
      return wrap(this, call(fn, this.expr, ...args.map((v, i) => operand(v, types[i] ?? aboutOf(this).type))))
    }
  const timeShift = (fn: FunctionName, durationFn: FunctionName) =>
    function (this: Col, other: unknown): Col {
      const { type } = aboutOf(this)
      if (type === 'duration') return wrap(this, call(durationFn, this.expr, arg(this, other)))
      if (type === 'timestamp' || type === 'local timestamp') {
        checkDuration(other, `what is ${durationFn === 'addDuration' ? 'added to' : 'taken from'} a ${type}`)
        return wrap(this, call(durationFn, this.expr, (other as Col).expr))
      }
      return wrap(this, call(fn, this.expr, arg(this, other, likeOf(fn, type, other))))
    }
  const item = (c: Col): Type => {
    const { type } = aboutOf(c)
    return isList(type) ? type.list : type
  }
  const own = {
    plus: timeShift('add', 'addDuration'),
    minus: timeShift('sub', 'subDuration'),
    round(this: Col, digits?: number) {
      return wrap(
        this,
        digits === undefined ? call('round', this.expr) : call('roundTo', this.expr, literal(digits, 'int64')),
      )
    },
    length(this: Col) {
      return wrap(this, call(isList(aboutOf(this).type) ? 'listLength' : 'length', this.expr))
    },
    contains(this: Col, value: unknown) {
      const { type } = aboutOf(this)
      return wrap(
        this,
        isList(type)
          ? call('listContains', this.expr, operand(value, type.list))
          : call('contains', this.expr, arg(this, value)),
      )
    },
    count(this: Col, value: unknown) {
      return wrap(this, call('listCount', this.expr, operand(value, item(this))))
    },
    extract(this: Col, pattern: string, group = 0) {
      return wrap(this, call('extract', this.expr, lit(pattern, 'string'), literal(group, 'int64')))
    },
    isIn(this: Col, values: unknown[]) {
      if (!Array.isArray(values)) throw wrongGiven('isIn', this, 'a list of values', "isIn(['a', 'b'])")
      const args = [this.expr].concat(values.map((value) => arg(this, value)))
      return wrap(this, Object.freeze({ op: 'call', fn: 'isIn', args: Object.freeze(args) }))
    },
    between(this: Col, low: unknown, high: unknown) {
      const { expr } = this
      return wrap(this, call('and', call('ge', expr, arg(this, low)), call('le', expr, arg(this, high))))
    },
    cast(this: Col, to: TypeName, options: { onError?: 'fail' | 'null' } = {}) {
      return wrap(this, { op: 'cast', arg: this.expr, to: parseType(to), onError: options.onError ?? 'fail' })
    },
    choose(this: Col, yes: Col, no: Col) {
      if (!isColumn(yes) || !isColumn(no))
        throw wrongGiven('choose', this, 'columns', "choose(constant(1, 'int64'), constant(0, 'int64'))")
      return wrap(this, { op: 'case', when: [[this.expr, yes.expr]], otherwise: no.expr })
    },
  }
  return Object.assign(all, own) as Record<string, Method>
}

const neverTrue = (method: string, c: Col, where: string): GalleyError =>
  new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `${printExpr(c.expr)} is compared with null in ${where}`,
    why: `nothing equals null, not even null: .${method}(null) is true for no row`,
    fix: method === 'ne' ? 'write .isNull().not()' : 'write .isNull()',
  })

const wrongGiven = (method: string, c: Col, takes: string, fix: string): GalleyError =>
  new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `'${method}' of ${printExpr(c.expr)} takes ${takes}, in ${aboutOf(c).where}`,
    fix: `write for instance ${fix}`,
  })

/** The columns that several expressions of one row are over. */
export const schemaOf = (columns: readonly Col[]): Schema =>
  columns.map((c) => abouts.get(c)?.schema ?? []).find((s) => s.length > 0) ?? []

/** A type as recipes write it. */
export function nameOf(type: Type): TypeName {
  if (typeof type === 'string') return type
  if ('decimal' in type) return `decimal(${type.decimal[0]}, ${type.decimal[1]})`
  if ('list' in type) return `${String(nameOf(type.list))}[]` as TypeName
  return Object.fromEntries(type.struct.map(([name, t]) => [name, nameOf(t)]))
}

const isColumn = (value: unknown): value is Col => value !== null && typeof value === 'object' && 'expr' in value

/** A column or a plain value as an expression; a value takes the type of what it meets. */
export function operand(value: unknown, like: Type, beside?: string): Expr {
  if (isColumn(value)) return value.expr
  return literal(value, like, beside)
}

/** The `r` of a row callback: one column shell a name; an unknown name fails and says which exist. */
export function rowOf<S>(schema: Schema, where: string): Row<S> {
  const names = schema.map((f) => f.name)
  return new Proxy({} as Row<S>, {
    get(_, name) {
      if (typeof name !== 'string') return undefined
      if (!names.includes(name)) throw unknownColumn(name, names, where)
      return column(col(name), schema, where)
    },
    has: (_, name) => names.includes(String(name)),
    ownKeys: () => names,
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  })
}
