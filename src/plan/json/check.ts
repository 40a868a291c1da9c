import { GalleyError } from '../../base/errors.ts'
import { AGGREGATES, FUNCTIONS } from '../expr.ts'
import { isLiteralOf } from '../literal.ts'
import { checkFields } from '../names.ts'
import { MAX_DECIMAL_DIGITS, SCALAR_TYPES, type Type } from '../types.ts'

/** Limits of a plan that comes from outside; the deepest and longest real ones are a tenth of these. */
export const LIMITS = { depth: 1000, values: 10_000_000, nodes: 50_000 } as const

type Json = Readonly<Record<string, unknown>>

/** Says what is wrong, where, and what was expected. `at` is a path such as `nodes[3].predicate.args[0]`. */
export const wrong = (
  at: string,
  why: string,
  fix = 'make the plan anew with the recipe that it came from',
): GalleyError =>
  new GalleyError('PLAN_INVALID', { what: `the plan is broken at ${at || 'its top'}`, why, fix, details: { at } })

/** Walks raw JSON without recursion: refuses what is too deep or too large before anything else looks at it. */
export function checkSize(json: unknown): void {
  let values = 0
  let level: unknown[] = [json]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > LIMITS.depth) throw wrong('', `it is nested deeper than ${LIMITS.depth} levels`)
    values += level.length
    if (values > LIMITS.values) throw wrong('', `it holds more than ${LIMITS.values.toLocaleString('en')} values`)
    const next: unknown[] = []
    for (const value of level)
      if (value !== null && typeof value === 'object') for (const child of Object.values(value)) next.push(child)
    level = next
  }
}

export function object(json: unknown, at: string): Json {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw wrong(at, 'it is not an object')
  return json as Json
}
export function list(json: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(json)) throw wrong(at, 'it is not a list')
  return json as readonly unknown[]
}
export function text(json: unknown, at: string): string {
  if (typeof json !== 'string') throw wrong(at, 'it is not a text')
  return json
}
export function oneOf<T extends string>(json: unknown, among: readonly T[], at: string): T {
  if (!among.includes(json as T))
    throw wrong(at, `${JSON.stringify(json)?.slice(0, 60)} is none of ${among.join(', ')}`)
  return json as T
}
export function bool(json: unknown, at: string): void {
  if (typeof json !== 'boolean') throw wrong(at, 'it is neither true nor false')
}
export function finite(json: unknown, at: string): number {
  if (typeof json !== 'number' || !Number.isFinite(json)) throw wrong(at, 'it is not a number')
  return json
}
/** Only these fields, and none that JavaScript gives a meaning of its own. */
export function only(json: Json, fields: readonly string[], at: string): void {
  for (const name of Object.keys(json))
    if (!fields.includes(name)) throw wrong(at, `it has a field '${name.slice(0, 60)}' that has no meaning`)
}
export const pairs = (json: unknown, at: string, value: (json: unknown, at: string) => void): void =>
  list(json, at).forEach((pair, i) => {
    const [name, v, ...more] = list(pair, `${at}[${i}]`)
    text(name, `${at}[${i}][0]`)
    if (more.length > 0) throw wrong(`${at}[${i}]`, 'it is not a pair')
    value(v, `${at}[${i}][1]`)
  })

export function type(json: unknown, at: string): void {
  shape(json, at)
  checkFields(json as Type)
}

function shape(json: unknown, at: string): void {
  if (typeof json === 'string') {
    oneOf(json, SCALAR_TYPES, at)
    return
  }
  const t = object(json, at)
  if ('decimal' in t) {
    const [p, s] = list(t['decimal'], `${at}.decimal`).map((n) => finite(n, `${at}.decimal`))
    if (
      !(
        p !== undefined &&
        s !== undefined &&
        Number.isInteger(p) &&
        Number.isInteger(s) &&
        p >= 1 &&
        p <= MAX_DECIMAL_DIGITS &&
        s >= 0 &&
        s <= p
      )
    )
      throw wrong(at, `a decimal has 1 to ${MAX_DECIMAL_DIGITS} digits`)
  } else if ('list' in t) shape(t['list'], `${at}.list`)
  else if ('struct' in t) pairs(t['struct'], `${at}.struct`, shape)
  else throw wrong(at, 'it is no type')
}

export function literal(value: unknown, t: unknown, at: string): void {
  if (!isLiteralOf(value, t as Type))
    throw wrong(
      at,
      `${JSON.stringify(value)?.slice(0, 60)} is not a value of ${typeof t === 'string' ? t : JSON.stringify(t)}`,
    )
}

/** An expression's shape; what it means over its columns is checked when its node is built. */
export function expr(json: unknown, at: string): void {
  const e = object(json, at)
  const each = (args: unknown) =>
    list(args, `${at}.args`).forEach((a, i) => {
      expr(a, `${at}.args[${i}]`)
    })
  switch (oneOf(e['op'], ['col', 'lit', 'call', 'cast', 'case', 'lookup', 'predict'], `${at}.op`)) {
    case 'col':
      only(e, ['op', 'name'], at)
      text(e['name'], `${at}.name`)
      return
    case 'lit':
      only(e, ['op', 'value', 'type'], at)
      type(e['type'], `${at}.type`)
      literal(e['value'], e['type'], `${at}.value`)
      return
    case 'call':
      only(e, ['op', 'fn', 'args'], at)
      oneOf(e['fn'], FUNCTIONS, `${at}.fn`)
      each(e['args'])
      return
    case 'cast':
      only(e, ['op', 'arg', 'to', 'onError'], at)
      expr(e['arg'], `${at}.arg`)
      type(e['to'], `${at}.to`)
      oneOf(e['onError'], ['fail', 'null'], `${at}.onError`)
      return
    case 'case':
      only(e, ['op', 'when', 'otherwise'], at)
      list(e['when'], `${at}.when`).forEach((branch, i) => {
        const [condition, value, ...more] = list(branch, `${at}.when[${i}]`)
        if (more.length > 0) throw wrong(`${at}.when[${i}]`, 'it is not a pair of a condition and a value')
        expr(condition, `${at}.when[${i}][0]`)
        expr(value, `${at}.when[${i}][1]`)
      })
      expr(e['otherwise'], `${at}.otherwise`)
      return
    case 'lookup': {
      only(e, ['op', 'args', 'table', 'fallback', 'type'], at)
      each(e['args'])
      type(e['type'], `${at}.type`)
      const table = object(e['table'], `${at}.table`)
      const keys = list(table['keys'], `${at}.table.keys`)
      const values = list(table['values'], `${at}.table.values`)
      const width = (e['args'] as unknown[]).length
      if (keys.length !== values.length || keys.some((k) => list(k, `${at}.table.keys`).length !== width))
        throw wrong(`${at}.table`, 'its keys and values do not belong together')
      values.forEach((v, i) => {
        literal(v, e['type'], `${at}.table.values[${i}]`)
      })
      literal(e['fallback'], e['type'], `${at}.fallback`)
      return
    }
    case 'predict':
      only(e, ['op', 'model', 'args'], at)
      text(e['model'], `${at}.model`)
      each(e['args'])
  }
}

export function agg(json: unknown, at: string): void {
  const a = object(json, at)
  only(a, ['fn', 'arg', 'param', 'arg2'], at)
  oneOf(a['fn'], AGGREGATES, `${at}.fn`)
  if (a['arg'] !== null) expr(a['arg'], `${at}.arg`)
  if (a['arg2'] !== undefined) expr(a['arg2'], `${at}.arg2`)
  if (a['param'] !== undefined) finite(a['param'], `${at}.param`)
}
