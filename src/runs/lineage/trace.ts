import { GalleyError, nearest } from '../../base/errors.ts'
import type { Recipe, Step } from '../specs.ts'
import { columnsOfStep, type Link, linksOf, type Place } from './links.ts'

export type Direction = 'up' | 'down'

/** Where a walk begins, and the links that it passes, nearest first. */
export interface Traced {
  readonly of: Place
  readonly links: readonly Link[]
  /** More links than asked for. */
  readonly more: boolean
}

const keyOf = ({ recipe, step, column }: Place): string => JSON.stringify([recipe, step, column])

/**
 * Follows a place to all that it is made of (`up`), or to all that is made of it (`down`). With `rows`, also to what decides
 * which rows there are, filters and keys of joins and groups, and from a table's rows to all of its columns.
 */
export function trace(
  recipes: readonly Recipe[],
  of: Place,
  options: { readonly direction: Direction; readonly rows?: boolean; readonly limit?: number },
): Traced {
  const up = options.direction === 'up'
  const limit = options.limit ?? Number.POSITIVE_INFINITY
  const next = new Map<string, Link[]>()
  const add = (place: Place, link: Link) => {
    const there = next.get(keyOf(place))
    if (there) there.push(link)
    else next.set(keyOf(place), [link])
  }
  for (const link of recipes.flatMap(linksOf)) {
    // what only decides the rows of a table is followed when it is asked for
    if (isRows(link.to) && !options.rows) continue
    add(up ? link.to : link.from, link)
    // rows that are others are others in every column
    if (!up && link.from.column !== null) add({ ...link.from, column: null }, link)
  }
  const passed = new Set<Link>()
  const seen = new Set([keyOf(of)])
  const queue = [of]
  for (const at of queue) {
    // a column's rows are those of its table
    const places = options.rows && up && at.column !== null ? [at, { ...at, column: null }] : [at]
    for (const link of places.flatMap((p) => next.get(keyOf(p)) ?? [])) {
      if (passed.has(link)) continue
      if (passed.size >= limit) return { of, links: [...passed], more: true }
      passed.add(link)
      const beyond = up ? link.from : link.to
      if (seen.has(keyOf(beyond))) continue
      seen.add(keyOf(beyond))
      queue.push(beyond)
    }
  }
  return { of, links: [...passed], more: false }
}

/** Whether a place stands for the rows of a table. */
const isRows = (p: Place): boolean => p.column === null && (p.kind === 'table' || p.kind === 'dataset')

/**
 * Finds what a person means by `step.column`, a step or a column that only one step has. @throws LINEAGE_UNKNOWN naming what
 * is near, or all that it could be
 */
export function placeOf(recipes: readonly Recipe[], text: string): Place {
  const places = recipes.flatMap((r) =>
    r.steps.flatMap((s) => [null, ...columnsOfStep(s)].map((column) => placed(r, s, column))),
  )
  const found = places.filter((p) => text === full(p) || text === `${p.recipe}/${full(p)}`)
  const alone = found.length > 0 ? found : places.filter((p) => p.column === text)
  const [first, second] = alone
  if (first && !second) return first
  if (first)
    throw new GalleyError('LINEAGE_UNKNOWN', {
      what: `'${text}' is in ${alone.length} places`,
      why: `it could be ${alone.slice(0, 8).map((p) => `${p.recipe}/${full(p)}`).join(', ')}${alone.length > 8 ? ', …' : ''}`, // biome-ignore format: one line
      fix: 'name one of them',
    })
  const near = nearest(text, [...new Set(places.flatMap((p) => [full(p), ...(p.column === null ? [] : [p.column])]))]) // biome-ignore format: one line
  throw new GalleyError('LINEAGE_UNKNOWN', {
    what: `nothing is named '${text}'`,
    why: recipes.length === 0 ? 'no recipe has run in this workspace' : `the recipes are ${recipes.map((r) => r.name).join(', ')}`, // biome-ignore format: one line
    fix: near ? `did you mean '${near}'?` : 'name a step, or a column of one: step.column',
  })
}

const placed = (r: Recipe, s: Step, column: string | null): Place => ({
  recipe: r.name,
  step: s.id,
  kind: s.kind,
  column,
})
const full = ({ step, column }: Place): string => (column === null ? step : `${step}.${column}`)
