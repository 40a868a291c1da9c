import type { Given, Group } from './analysis.ts'
import { unfit } from './given.ts'

/** Groups beyond which a picture and a correction of all pairs say nothing. */
export const MOST_GROUPS = 50

/** Names of groups in a lasting order: numbers by size, else by their characters. */
export function ordered(names: Iterable<string>): string[] {
  const all = [...names]
  const numeric = all.every((n) => n.trim() !== '' && Number.isFinite(Number(n)))
  return all.sort((a, b) => (numeric ? Number(a) - Number(b) : 0) || (a < b ? -1 : a > b ? 1 : 0))
}

/** Values of a column, those that are missing left out. */
export const present = (given: Given, role: string): Float64Array =>
  given.raw(given.column(role) ?? '').filter((x) => !Number.isNaN(x))

/** Rows of which nothing is missing, column by column. */
export function complete(given: Given, names: readonly string[]): Float64Array[] {
  const all = names.map((name) => given.raw(name))
  const keep: number[] = []
  for (let i = 0; i < given.rows; i++) if (all.every((c) => !Number.isNaN(c[i]))) keep.push(i)
  return all.map((c) => Float64Array.from(keep, (i) => c[i] as number))
}

/** Values by group. The setting `groups` says which ones, and in which order. @throws ANALYSIS_DATA */
export function grouped(given: Given, value = 'value', by = 'by'): { groups: Group[]; leftOut: number } {
  const values = given.raw(given.column(value) ?? '')
  const labels = given.labels(given.column(by) ?? '')
  const found = new Map<string, number[]>()
  let kept = 0
  for (const [i, label] of labels.entries()) {
    const x = values[i] as number
    if (label === null || Number.isNaN(x)) continue
    kept++
    const list = found.get(label)
    if (list) list.push(x)
    else found.set(label, [x])
  }
  const names = namesOf(given, found.keys(), by)
  const groups = names.map((name) => ({ name, values: Float64Array.from(found.get(name) ?? []) }))
  return { groups, leftOut: given.rows - kept }
}

/** The groups that are asked for, else all. @throws ANALYSIS_DATA when one is not there */
export function namesOf(given: Given, found: Iterable<string>, by = 'by'): string[] {
  const all = ordered(found)
  const asked = given.list('groups')
  const absent = asked.find((name) => !all.includes(name))
  if (absent !== undefined)
    throw unfit(
      `'${given.column(by)}' has no group '${absent}' with values`,
      `its groups are ${told(all)}`,
      'name groups that are there: { groups: […] }, or --set groups=A,B',
    )
  return asked.length > 0 ? [...new Set(asked)] : all
}

/** Two groups of at least `least` values each. @throws ANALYSIS_DATA */
export function twoGroups(given: Given, least: number): { a: Group; b: Group; leftOut: number } {
  const { groups, leftOut } = grouped(given)
  const [a, b] = groups
  const by = given.column('by')
  if (!a || !b || groups.length > 2)
    throw unfit(
      `'${by}' has ${groups.length === 0 ? 'no group' : groups.length === 1 ? 'one group' : `${groups.length} groups`} with values`,
      groups.length > 2 ? `two are compared, and there are ${told(groups.map((g) => g.name))}` : 'two are compared',
      groups.length > 2
        ? `name two: --set groups=${groups[0]?.name},${groups[1]?.name}; or compare all: anova, kruskal`
        : `name a column that splits the rows in two, or look at why '${given.column('value')}' or '${by}' is missing`,
    )
  for (const g of [a, b]) enough(g, least)
  return { a, b, leftOut }
}

/** At least two groups, at most `MOST_GROUPS`, of at least `least` values each. @throws ANALYSIS_DATA */
export function manyGroups(given: Given, least: number): { groups: Group[]; leftOut: number } {
  const { groups, leftOut } = grouped(given)
  const by = given.column('by')
  if (groups.length < 2 || groups.length > MOST_GROUPS)
    throw unfit(
      `'${by}' has ${groups.length === 1 ? 'one group' : `${groups.length} groups`} with values`,
      groups.length < 2 ? 'groups are compared with each other' : `${MOST_GROUPS} are compared at most`,
      groups.length < 2
        ? 'name a column that splits the rows'
        : 'name some of them with --set groups=A,B,C, or put small ones together in the recipe',
    )
  for (const g of groups) enough(g, least)
  return { groups, leftOut }
}

function enough(g: Group, least: number): void {
  if (g.values.length < least)
    throw unfit(
      `group '${g.name}' has ${g.values.length === 1 ? 'one value' : `${g.values.length} values`}`,
      `${least} are needed at least`,
      'leave it out with --set groups=…, or bring more rows',
    )
}

/** Pairs of which both values are there. @throws ANALYSIS_DATA when they are fewer than `least` */
export function pairs(given: Given, least: number): { x: Float64Array; y: Float64Array; leftOut: number } {
  const [x = new Float64Array(), y = new Float64Array()] = complete(given, [
    given.column('value') ?? '',
    given.column('pair') ?? '',
  ])
  if (x.length < least)
    throw unfit(
      `${x.length} rows have both '${given.column('value')}' and '${given.column('pair')}'`,
      `${least} are needed at least`,
      'look at which of the two is missing, and why: galley analyse … --test missingness',
    )
  return { x, y, leftOut: given.rows - x.length }
}

/** At least `least` values of a column. @throws ANALYSIS_DATA */
export function values(given: Given, least: number, role = 'value'): { x: Float64Array; leftOut: number } {
  const x = present(given, role)
  if (x.length < least)
    throw unfit(
      `'${given.column(role)}' has ${x.length === 1 ? 'one value' : `${x.length} values`}`,
      `${least} are needed at least`,
      'bring more rows, or name another column',
    )
  return { x, leftOut: given.rows - x.length }
}

export const told = (names: readonly string[]): string =>
  names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ')
