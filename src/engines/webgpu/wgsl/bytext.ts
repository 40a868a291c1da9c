import { type Expr, mapExpr } from '../../../plan/expr.ts'
import { typeName } from '../../../plan/types.ts'
import type { Val } from '../../row/lower.ts'
import { type Code, DeviceGap, type Emitter } from './emit.ts'
import { repOf, wordsOf } from './reps.ts'

/**
 * What the host computes once for each text of a run's dictionary, and a kernel reads by a text's code: any expression of
 * one text, or a text's place in the order of their bytes.
 */
export type TextTable =
  | { readonly kind: 'rank' }
  | {
      readonly kind: 'values'
      /** Over the column `TEXT` alone. */
      readonly expr: Expr
      readonly type: Code['type']
      readonly rep: Code['rep']
    }

/** The column that stands for the text. */
export const TEXT = 'text'
/** Entries before those of texts: of a missing one, and of one that failed. */
export const FIRST = 2
/** Words of an entry: its state and value; a bool's value is bit 2 of its state. */
export const strideOf = (rep: Code['rep']): number => 1 + wordsOf(rep)

/** Functions that are computed of codes, without a table. */
const BY_CODE: ReadonlySet<string> = new Set(['eq', 'ne', 'isIn', 'isNull', 'coalesce', 'fails', 'orNull'])
/** Those that compare ranks where their texts are of several columns. */
const BY_RANK: ReadonlySet<string> = new Set(['lt', 'le', 'gt', 'ge', 'least', 'greatest'])

/** An expression of one text, as the host computes it, and the text; undefined where it is of something else. */
interface OfText {
  readonly expr: Expr
  /** None where it is of constants alone, which fail: others are folded before. */
  readonly leaf: Val | undefined
}

/** The expression with its columns, or with its arguments, in the place of the text: whichever is one text. */
function ofText(val: Val): OfText | undefined {
  const e = val.expr
  if (!e || !(e.op === 'call' || e.op === 'cast' || e.op === 'case')) return undefined
  return within(val, (v) => v.op !== 'expr' || v.expr?.op === 'lookup') ?? within(val, (v) => v !== val)
}

function within(val: Val, isLeaf: (v: Val) => boolean): OfText | undefined {
  let leaf: Val | undefined
  const rebuilt = (v: Val): Expr | undefined => {
    if (v.expr?.op === 'lit') return v.expr
    if (isLeaf(v)) {
      if (v.type !== 'string' || (leaf && leaf !== v)) return undefined
      leaf = v
      return { op: 'col', name: TEXT }
    }
    if (!v.expr || v.expr.op === 'predict') return undefined
    const args = v.args.map(rebuilt)
    if (args.includes(undefined)) return undefined
    let i = 0
    return mapExpr(v.expr, () => args[i++] as Expr)
  }
  const expr = rebuilt(val)
  return expr && { expr, leaf }
}

/**
 * A call or cast that the device computes by a table of texts; undefined for one that it computes otherwise, or not.
 * `known`: whether there is code for its function.
 */
export function byText(e: Emitter, val: Val, known: boolean): Code | undefined {
  const of = val.expr as Expr
  // what was not folded is null, or fails
  const constants = of.op === 'call' && !BY_RANK.has(of.fn) && val.args.every((a) => a.expr?.op === 'lit')
  const texts = val.args.some((a) => a.type === 'string' && (of.op === 'cast' || constants || a.expr?.op !== 'lit'))
  if (of.op === 'call' && known && (!texts || BY_CODE.has(of.fn))) return undefined
  if (of.op === 'cast' && !texts) return undefined
  const found = ofText(val)
  if (!found) {
    if (of.op === 'call' && known && BY_RANK.has(of.fn)) return undefined
    if (!texts) return undefined
    const name = of.op === 'call' ? of.fn : of.op
    throw new DeviceGap(name, 'on the device it is computed of one text and constants alone')
  }
  return tableValue(e, val, found)
}

function tableValue(e: Emitter, { type }: Val, { expr, leaf }: OfText): Code | undefined {
  const rep = repOf(type)
  if (!rep) throw new DeviceGap(typeName(type), `the device holds no ${typeName(type)}`)
  const stride = strideOf(rep)
  const { v, s } = leaf ? e.emit(leaf) : { v: '0u', s: '1u' }
  const table = e.table({ kind: 'values', expr, type, rep }, leaf?.op === 'expr')
  const present = `${v} + ${FIRST}u`
  const entry = e.let(s === '0u' ? present : `select(select(${present}, 0u, ${s} == 1u), 1u, (${s} & 2u) != 0u)`)
  const place = e.let(`tables[${table}u] + ${entry} * ${stride}u`)
  const own = e.let(`tables[${place}]`)
  const value = {
    bool: `(${own} & 4u) != 0u`,
    i32: `bitcast<i32>(tables[${place} + 1u])`,
    u32: `tables[${place} + 1u]`,
    vec2u: `vec2u(tables[${place} + 1u], tables[${place} + 2u])`,
  }[rep]
  return e.code(type, value, rep === 'bool' ? `${own} & 3u` : own)
}

/** A text's place in the order of all, as code. */
export const rankOf = (e: Emitter, { v }: Code): string => `tables[tables[${e.table({ kind: 'rank' })}u] + ${v}]`
