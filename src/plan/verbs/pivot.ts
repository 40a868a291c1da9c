import { GalleyError } from '../../base/errors.ts'
import { keysGiven, listOfNames, type Names, optionsOf } from '../columns/options.ts'
import { type Agg, call, col, type Expr, lit } from '../expr.ts'
import { infer } from '../infer.ts'
import { literal } from '../literal.ts'
import { build, type Node } from '../nodes.ts'
import { fieldOf, isFloat, isInteger, sameType, type Type, typeName } from '../types.ts'

/** One column a value, as an aggregate over the rows that have it; the values are declared, since a schema is known before its rows. */
export function pivot(
  input: Node,
  by: Names,
  options: { readonly key: string; readonly values: readonly string[] },
  agg: Agg,
): Node {
  const { key, values } = optionsOf(options, ['key', 'values'], 'pivot')
  const { type } = fieldOf(input.schema, key, 'pivot')
  const aggs = listOfNames(values, 'pivot', 'values').map((value) => {
    const has: Expr = call('eq', col(key), literal(keyValue(value, type), type))
    const arg = agg.arg ?? lit(true, 'bool')
    const only: Expr = { op: 'case', when: [[has, arg]], otherwise: lit(null, infer(arg, input.schema, 'pivot').type) }
    return [value, { ...agg, arg: only }] as const
  })
  return build({ op: 'aggregate', input, by: keysGiven(by, 'pivot'), aggs })
}

/** A declared value as its column's type has it: pivots name columns, so they are given as texts. */
function keyValue(text: string, type: Type): unknown {
  if (type === 'bool') return text === 'true' || (text === 'false' ? false : text)
  if (isInteger(type) && /^[+-]?\d+$/.test(text)) return BigInt(text)
  return isFloat(type) && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

/** One row a column, as a list of name and value that is taken apart. */
export function unpivot(
  input: Node,
  columns: readonly string[],
  options: { readonly name: string; readonly value: string },
): Node {
  optionsOf(options, ['name', 'value'], 'unpivot')
  const fields = listOfNames(columns, 'unpivot').map((name) => fieldOf(input.schema, name, 'unpivot'))
  const [first] = fields
  const other = fields.find((f) => first && !sameType(f.type, first.type))
  if (!first || other)
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: 'unpivot needs columns of one type',
      why:
        first && other
          ? `'${first.name}' is a ${typeName(first.type)}, '${other.name}' a ${typeName(other.type)}`
          : 'it got none',
      fix: 'cast them to one type first',
    })
  const pair = (name: string) =>
    call('struct', lit('name', 'string'), lit(name, 'string'), lit('value', 'string'), col(name))
  const kept = input.schema.filter((f) => !columns.includes(f.name))
  const pairs = build({
    op: 'select',
    input,
    columns: [...kept.map((f) => [f.name, col(f.name)] as const), [options.value, call('list', ...columns.map(pair))]],
  })
  const one = build({ op: 'unnest', input: pairs, column: options.value, keepEmpty: false })
  const part = (name: string) => call('field', col(options.value), lit(name, 'string'))
  return build({
    op: 'select',
    input: one,
    columns: [
      ...kept.map((f) => [f.name, col(f.name)] as const),
      [options.name, part('name')],
      [options.value, part('value')],
    ],
  })
}
