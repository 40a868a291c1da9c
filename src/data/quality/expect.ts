import { GalleyError } from '../../base/errors.ts'
import { exprOf } from '../../plan/columns/given.ts'
import type { Col, StringCol } from '../../plan/columns/kinds.ts'
import { checkDuration } from '../../plan/durations.ts'
import { call, type Expr, exprChildren, lit } from '../../plan/expr.ts'
import { literal } from '../../plan/literal.ts'
import { plan } from '../../plan/nodes.ts'
import { printExpr } from '../../plan/print.ts'
import type { Table } from '../../plan/table.ts'
import { fieldOf, parseType, type Schema, type TypeName } from '../../plan/types.ts'
import { type Expectation, isRowwise, type Measure, type RowExpectation, type Severity } from './expectation.ts'
import type { Expect, Expected, NumberLike, Share } from './said.ts'

const invalid = (what: string, fix: string): GalleyError => new GalleyError('RECIPE_INVALID', { what, fix })

function expected(expectation: Expectation): Expected {
  const as = (severity: Severity): Expected => {
    if (
      severity === 'quarantine' &&
      !isRowwise(expectation) &&
      !['unique', 'key', 'references'].includes(expectation.kind)
    )
      throw invalid(
        `'${expectation.title}' can't set rows aside`,
        'it judges the table, not its rows: let it warn() or stop the run',
      )
    return expected({ ...expectation, severity })
  }
  return Object.freeze({
    expectation: Object.freeze(expectation),
    warn: () => as('warn'),
    quarantine: () => as('quarantine'),
    titled: (title: string) => expected({ ...expectation, title }),
  })
}

const said = (e: Expr): string => printExpr(e).replace(/^\((.*)\)$/, '$1')
const share = (o: Share | undefined, title: string): Share => {
  if (o?.mostly === undefined) return {}
  if (!(o.mostly > 0 && o.mostly <= 1))
    throw invalid(`'${title}' is to hold for the share ${o.mostly} of the rows`, 'give mostly from above 0 to 1')
  return o.mostly === 1 ? {} : { mostly: o.mostly }
}
const mostlyText = (o: Share | undefined): string =>
  o?.mostly === undefined || o.mostly === 1 ? '' : `, in ${Number((o.mostly * 100).toPrecision(6))} % of the rows`

const LIMITS: Readonly<Record<Measure, number>> = { psi: 0.25, ks: 0.1, chi2: 1 }

/** The functions that a recipe's `expect` is given, for a table of that schema. @throws PLAN_*, RECIPE_INVALID */
export function expectOf<S>(schema: Schema): Expect<S> {
  const rowwise =
    (kind: NonNullable<RowExpectation['kind']>) =>
    (title: string, condition: Expr, o?: Share): Expected =>
      expected({ kind, title: `${title}${mostlyText(o)}`, condition, ...share(o, title) })
  const known = (column: string, what: string) => fieldOf(schema, column, what)
  const within = (c: Col, o: { min?: unknown; max?: unknown }, e: Expr, like: Parameters<typeof literal>[1]): Expr => {
    const ends = [
      ...(o.min === undefined ? [] : [call('ge', e, operand(o.min, like))]),
      ...(o.max === undefined ? [] : [call('le', e, operand(o.max, like))]),
    ]
    const [first, second] = ends
    if (!first) throw invalid(`the range of '${said(c.expr)}' has no end`, 'give min, max or both')
    return second ? call('and', first, second) : first
  }
  const keys = (kind: 'unique' | 'key', columns: readonly string[]): Expected => {
    if (columns.length === 0) throw invalid(`${kind}() names no column`, 'name one at least')
    for (const c of columns) known(c, kind)
    return expected({
      kind,
      title: `${columns.join(', ')} ${columns.length > 1 ? 'are' : 'is'} ${kind === 'key' ? 'the key' : 'unique'}`,
      columns,
    })
  }
  const made = {
    notNull: (c: Col, o?: Share) =>
      rowwise('notNull')(`${said(exprOf(c, 'notNull'))} is not null`, call('not', call('isNull', c.expr)), o),
    unique: (...columns: string[]) => keys('unique', columns),
    key: (...columns: string[]) => keys('key', columns),
    range: (c: Col, o: { min?: unknown; max?: unknown } & Share) =>
      rowwise('range')(
        `${said(exprOf(c, 'range'))} is ${o.min === undefined ? `at most ${shown(o.max)}` : o.max === undefined ? `at least ${shown(o.min)}` : `from ${shown(o.min)} to ${shown(o.max)}`}`,
        within(c, o, c.expr, parseType(c.type)),
        o,
      ),
    oneOf: (c: Col, values: readonly never[], o?: Share) => {
      const { expr: isOne } = c.isIn(values)
      return rowwise('set')(
        `${said(exprOf(c, 'oneOf'))} is one of ${values.slice(0, 5).map(shown).join(', ')}${values.length > 5 ? ` and ${values.length - 5} more` : ''}`,
        isOne,
        o,
      )
    },
    pattern: (c: StringCol, pattern: string, o?: Share) =>
      rowwise('pattern')(`${said(exprOf(c, 'pattern'))} matches ${pattern}`, c.matches(pattern).expr, o),
    length: (c: StringCol, o: { min?: number; max?: number } & Share) =>
      rowwise('length')(
        `${said(exprOf(c, 'length'))} has ${o.min === undefined ? `at most ${o.max}` : o.max === undefined ? `at least ${o.min}` : `${o.min} to ${o.max}`} characters`,
        within(c, o, c.length().expr, 'int64'),
        o,
      ),
    references: (column: string, table: Table<unknown>, inColumn: string, o?: Share) => {
      known(column, 'references')
      fieldOf(table.schema, inColumn, 'the table that is referred to')
      const title = `${column} is in ${inColumn} of ${sourceOf(table)}`
      return expected({
        kind: 'references',
        title: `${title}${mostlyText(o)}`,
        column,
        table: plan(table.node),
        in: inColumn,
        ...share(o, title),
      })
    },
    fresh: (column: string, span: Col<'duration'>) => {
      const { type } = known(column, 'fresh')
      if (type !== 'timestamp' && type !== 'local timestamp' && type !== 'date')
        throw invalid(`'${column}' can't be fresh: it is no moment`, 'name a column of dates or timestamps')
      checkDuration(span, `how old '${column}' may be`)
      const micros = span.expr.op === 'lit' ? Number(span.expr.value) : Number.NaN
      if (!(micros > 0))
        throw invalid(`'${column}' is to be fresh within no constant span`, 'write for instance hours(24)')
      return expected({
        kind: 'fresh',
        title: `${column} is at most ${Number((micros / 3_600_000_000).toPrecision(6))} h old`,
        column,
        within: micros,
      })
    },
    volume: (o: { min?: number; max?: number; change?: number; over?: number }) => {
      const { min, max, change, over } = o
      if (min === undefined && max === undefined && change === undefined)
        throw invalid('volume() says no number of rows', 'give min, max or change')
      if (change !== undefined && !(change > 0))
        throw invalid(`volume() allows a change of ${change}`, 'give a share above 0, 0.5 is half')
      const parts = [
        ...(min === undefined ? [] : [`at least ${min}`]),
        ...(max === undefined ? [] : [`at most ${max}`]),
        ...(change === undefined ? [] : [`within ${Number((change * 100).toPrecision(6))} % of former versions`]),
      ]
      return expected({
        kind: 'volume',
        title: `rows are ${parts.join(', ')}`,
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        ...(change === undefined ? {} : { change, over: over ?? 7 }),
      })
    },
    schema: (columns: Readonly<Record<string, TypeName>>, o: { extra?: boolean; order?: boolean } = {}) =>
      expected({
        kind: 'schema',
        title: `the columns are ${Object.keys(columns).join(', ')}${o.extra ? ' and others' : ''}`,
        columns: Object.entries(columns).map(([name, type]) => [name, parseType(type)] as const),
        extra: o.extra ?? false,
        order: o.order ?? false,
      }),
    steady: (column: string, o: { measure?: Measure; limit?: number } = {}) => {
      const { type } = known(column, 'steady')
      const names = type === 'string' || type === 'bool'
      const measure = o.measure ?? 'psi'
      if (names && measure === 'ks')
        throw invalid(`'${column}' has no order to measure KS along`, 'measure psi or chi2')
      if (typeof type === 'object' ? !('decimal' in type) : type === 'bytes')
        throw invalid(
          `'${column}' can't be compared with the version before`,
          'name a column of numbers, times, texts or bools',
        )
      const limit = o.limit ?? LIMITS[measure]
      return expected({
        kind: 'steady',
        title: `${column} is distributed as before (${measure} ≤ ${limit})`,
        column,
        measure,
        limit,
      })
    },
    ordered: (low: Col, high: unknown, o?: Share) => {
      const e = exprOf(low, 'ordered')
      const right = operand(high, parseType(low.type))
      return rowwise('relation')(`${said(e)} ≤ ${said(right)}`, call('le', e, right), o)
    },
    sum: (parts: readonly NumberLike[], whole: NumberLike, o?: { tolerance?: number } & Share) => {
      const [first, ...others] = parts.map((p) => exprOf(p, 'sum'))
      if (!first) throw invalid('sum() has no parts', 'name two at least')
      const total = others.reduce<Expr>((a, b) => call('add', a, b), first)
      const difference = call('abs', call('sub', total, exprOf(whole, 'sum')))
      const title = `${parts.map((p) => said(p.expr)).join(' + ')} = ${said(whole.expr)}`
      return rowwise('relation')(title, call('le', difference, lit(o?.tolerance ?? 0, 'float64')), o)
    },
    that: (title: string, condition: Col<'bool'>, o?: Share) =>
      expected({ kind: 'custom', title, condition: exprOf(condition, title), ...share(o, title) }),
  }
  return made as unknown as Expect<S>
}

const operand = (v: unknown, like: Parameters<typeof literal>[1]): Expr =>
  v !== null && typeof v === 'object' && 'expr' in v ? (v as Col).expr : literal(v, like)
const shown = (v: unknown): string =>
  v !== null && typeof v === 'object' && 'expr' in v ? said((v as Col).expr) : String(v)
function sourceOf({ node }: Table<unknown>): string {
  return node.op === 'scan' && 'name' in node.from ? node.from.name : 'another table'
}

/** What a recipe's `expect` gave, as data. @throws RECIPE_INVALID for two of one title */
export function expectations(given: Record<string, Col<'bool'>> | readonly Expected[]): Expectation[] {
  const list = Array.isArray(given)
    ? (given as readonly Expected[]).map(expectationOf)
    : Object.entries(given as Record<string, Col<'bool'>>).map(([title, c]) => ({ title, condition: exprOf(c, title) }))
  const twice = list.find((x, i) => list.findIndex((y) => y.title === x.title) !== i)
  if (twice)
    throw invalid(`two expectations are called '${twice.title}'`, "name one of them: e.notNull(r.id).titled('…')")
  return list
}

/** @throws RECIPE_INVALID for what is no expectation */
function expectationOf(given: Expected): Expectation {
  if (given !== null && typeof given === 'object' && 'expectation' in given) return given.expectation
  throw invalid(
    'a list of expectations holds something else',
    "write e.that('what is true', r.x.gt(0)) for a condition",
  )
}

/** Every expression that what a recipe's `expect` gave looks at. */
export function lookedAt(given: Parameters<typeof expectations>[0]): Set<Expr> {
  const seen = new Set<Expr>()
  const visit = (e: Expr): void => {
    if (seen.has(e)) return
    seen.add(e)
    for (const child of exprChildren(e)) visit(child)
  }
  for (const x of expectations(given)) if ('condition' in x) visit(x.condition)
  return seen
}
