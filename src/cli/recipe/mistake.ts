import { GalleyError, nearest } from '../../base/errors.ts'
import { ownValue } from '../../base/own.ts'
import { expectOf } from '../../data/quality/expect.ts'
import { rowOf } from '../../plan/columns/column.ts'
import { scan } from '../../plan/table.ts'
import { recipe } from '../../runs/recipe.ts'
import { type Place, withinGalley } from './place.ts'

const GALLEY = "'galley'"
const TABLES = 'tables'
const NEVER = /(?!)/
/** Names that a message lists at most; the docs list the rest. */
const MOST_NAMED = 30

/** What other libraries call it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ...named('filter', 'where', 'query'),
  ...named('aggregate', 'groupBy', 'groupby', 'group_by', 'agg', 'summarise', 'summarize'),
  ...named('derive', 'mutate', 'withColumn', 'withColumns', 'with_columns', 'assign'),
  ...named('sort', 'orderBy', 'order_by', 'sortBy', 'sort_values', 'arrange'),
  ...named('limit', 'head', 'take'),
  ...named('unnest', 'explode', 'unroll'),
  ...named('unpivot', 'melt', 'unfold'),
  ...named('join', 'merge', 'leftJoin', 'innerJoin'),
  ...named('union', 'unionAll', 'append'),
  ...named('distinct', 'dropDuplicates', 'drop_duplicates', 'dedupe'),
  ...named('orElse', 'coalesce', 'fillna', 'fillNull', 'ifNull'),
  ...named('cast', 'astype', 'toNumber', 'toString'),
  ...named('eq', 'equals', 'equal', 'is'),
  ...named('ne', 'neq', 'notEquals', 'isNot'),
  ...named('ge', 'gte', 'geq', 'atLeast'),
  ...named('le', 'lte', 'leq', 'atMost'),
  ...named('gt', 'greaterThan', 'moreThan'),
  ...named('lt', 'lessThan'),
  ...named('plus', 'add'),
  ...named('minus', 'sub', 'subtract'),
  ...named('times', 'mul', 'multiply'),
  ...named('div', 'divide', 'dividedBy'),
  ...named('contains', 'includes', 'has'),
  ...named('lower', 'toLowerCase'),
  ...named('upper', 'toUpperCase'),
  ...named('mean', 'avg', 'average'),
  ...named('stddev', 'std'),
  ...named('quantile', 'median', 'percentile'),
}

function named(ours: string, ...theirs: readonly string[]): Record<string, string> {
  return Object.fromEntries(theirs.map((name) => [name, ours]))
}

/** What a recipe can call, by what it is called on. */
interface Vocabulary {
  readonly on: string
  /** How a call of it is written; `NAME` stands for the name. */
  readonly call: string
  readonly hint?: string
  /** What such a thing is named where recipes are shown. */
  readonly likely: RegExp
  readonly names: readonly string[]
}

/** The names of methods of an object, also those that it shares with others of its kind. */
function methods(of: object): string[] {
  const names = Object.keys(of).concat(Object.keys(Object.getPrototypeOf(of)))
  return names.filter((name) => typeof (of as Record<string, unknown>)[name] === 'function')
}

/** Read off the very objects that recipes get. */
async function vocabularies(): Promise<readonly Vocabulary[]> {
  const t = scan({ kind: 'source', name: 'any' }, { any: 'int64' })
  let kitchen: string[] = []
  recipe('any', (k) => {
    kitchen = methods(k)
    k.source('any', { connector: 'csv', path: '', columns: { any: 'int64' }, options: {} })
  })
  const galley = (await import(new URL('../../index.ts', import.meta.url).href)) as object
  return [
    { on: 'recipes', call: 'k.NAME(…)', likely: /^k$/, names: kitchen },
    { on: 'expectations', call: 'e.NAME(…)', likely: /^e$/, names: methods(expectOf(t.schema)) },
    { on: 'columns', call: 'r.price.NAME(…)', likely: /^\(?r\./, names: methods(rowOf<{ any: 'int64' }>(t.schema, 'any').any) }, // biome-ignore format: one line
    { on: TABLES, call: 'orders.NAME(…)', likely: NEVER, names: methods(t), hint: '; the table of a dataset is its .table' }, // biome-ignore format: one line
    { on: GALLEY, call: 'NAME(…)', likely: NEVER, names: Object.keys(galley) },
  ]
}

const listed = (names: readonly string[]) => names.toSorted().join(', ')

/** A name that is not there, by what the runtime says of it; the words before it are what it is called on. */
const MISSING = [
  /^(?<on>.*)\.(?<name>[\p{L}_$][\p{L}\p{N}_$]*) is not a function$/su,
  /^(?<name>[\p{L}_$][\p{L}\p{N}_$]*) is not defined$/u,
  /does not provide an export named '(?<name>[^']+)'$/u,
  /^Cannot read properties of undefined \(reading '(?<after>[^']+)'\)$/u,
]

/**
 * What an error of the runtime's is about: a verb, a method or a function of Galley that does not exist, or a call that can't
 * take what it is given. Undefined where it is about something else.
 */
export async function mistake(thrown: unknown, at: Place | undefined): Promise<GalleyError | undefined> {
  if (!(thrown instanceof Error)) return undefined
  const about = { cause: thrown, ...(at ? { details: { at } } : {}) }
  if (at && withinGalley(thrown))
    return new GalleyError('RECIPE_INVALID', {
      what: 'a call is given something that it can not take',
      why: thrown.message,
      fix: 'compare the call on that line with what it takes: your editor shows it, and docs/plans.md',
      ...about,
    })
  const found = MISSING.map((m) => m.exec(thrown.message)?.groups).find((g) => g !== undefined)
  const { name, on, after } = found ?? {}
  if (after !== undefined)
    return new GalleyError('RECIPE_INVALID', {
      what: `'${after}' is asked of something that does not exist`,
      why: 'the name before it is misspelt, or nothing was given that name',
      fix: `look at what stands before .${after} on that line`,
      ...about,
    })
  if (name === undefined) return undefined
  const known = await vocabularies()
  const said = on === undefined ? ofGalley(name, known) : ofThing(name, on, known)
  return new GalleyError('RECIPE_INVALID', { ...said, ...about })
}

interface Said {
  readonly what: string
  readonly why: string
  readonly fix: string
}

/** A name that is asked of something: no such name, or one of something else. */
function ofThing(name: string, on: string, known: readonly Vocabulary[]): Said {
  const what = `there is no '${name}' on ${short(on)}`
  const elsewhere = known.filter((v) => v.names.includes(name))
  if (elsewhere.length > 0) return { what, ...foreign(name, elsewhere) }
  // what it is called on can't be asked any more; what it is named, as docs and recipes do, comes first
  const likely = known.filter((v) => v.likely.test(on))
  const things = [...likely, ...known.filter((v) => v.on !== GALLEY && !likely.includes(v))]
  const close = meant(name, things)
  const of = things.find((v) => (close === undefined ? likely.includes(v) || v.on === TABLES : v.names.includes(close)))
  return {
    what,
    why:
      of && of.names.length <= MOST_NAMED
        ? `${(close ?? of.on !== TABLES) ? '' : 'if it is a table: '}${of.on} have ${listed(of.names)}`
        : `${of?.on ?? 'it'} have no such method`,
    fix: close ? `did you mean '${close}'?` : 'use one that there is: docs/plans.md lists them all',
  }
}

/** A name that stands by itself: not imported, or not there to be imported. */
function ofGalley(name: string, known: readonly Vocabulary[]): Said {
  const names = known.filter((v) => v.on === GALLEY).flatMap((v) => v.names)
  const what = `there is no '${name}'`
  if (names.includes(name))
    return { what, why: 'it is a function of Galley that the file does not import', fix: `import { ${name} } from 'galley'` } // biome-ignore format: one line
  const other = known.find((v) => v.names.includes(name))
  if (other) return { what, ...foreign(name, [other]) }
  const close = meant(
    name,
    known.filter((v) => v.on === GALLEY),
  )
  return {
    what,
    why: close
      ? "neither the file nor 'galley' has that name"
      : `the file has no such name; 'galley' has ${listed(names)}`,
    fix: close ? `did you mean '${close}'?` : 'import it, or use one of these names',
  }
}

/** The name among these that was meant: as another library has it, or the nearest. */
function meant(name: string, among: readonly Vocabulary[]): string | undefined {
  const names = among.flatMap((v) => v.names)
  const ours = ownValue(ELSEWHERE, name)
  return ours !== undefined && names.includes(ours) ? ours : nearest(name, names)
}

/** A name that exists, asked of something else. */
function foreign(name: string, where: readonly Vocabulary[]): Omit<Said, 'what'> {
  // what stands by itself is asked of anything by mistake; a condition that a dataset expects is not
  const [first = where[0] as Vocabulary] = where.filter((v) => v.on === GALLEY)
  const call = first.call.replace('NAME', name)
  return first.on === GALLEY
    ? { why: 'it is a function that stands by itself', fix: `write ${call}, imported from ${GALLEY}` }
    : { why: `it is asked of ${first.on}, and this is something else`, fix: `write ${call}${first.hint ?? ''}` }
}

/** What a name was asked of, as it is written, where that is short. */
const short = (on: string): string => {
  const line = on.replaceAll(/\s+/g, ' ').replaceAll('(intermediate value)', '…')
  return line.length <= 40 ? `'${line}'` : `'…${line.slice(-39)}'`
}
