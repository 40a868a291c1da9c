import { GalleyError, nearest } from '../../../base/errors.ts'
import type { Analysis, Asked, Cell, Columns, Given, Setting } from './analysis.ts'

/** That rows can't answer what is asked of them. */
export const unfit = (what: string, why: string, fix: string): GalleyError =>
  new GalleyError('ANALYSIS_DATA', { what, why, fix })

const misused = (what: string, why: string, fix: string): GalleyError =>
  new GalleyError('USAGE_INVALID', { what, why, fix })

/** Looks at what is asked and gives an analysis its columns. @throws USAGE_INVALID, PLAN_UNKNOWN_COLUMN, ANALYSIS_DATA */
export function givenOf(analysis: Analysis, columns: Columns, asked: Asked): Given {
  const { name, settings } = analysis
  const known = [...Object.keys(analysis.columns), ...Object.keys(settings)]
  for (const key of Object.keys(asked))
    if (!known.includes(key)) {
      const meant = nearest(key, known)
      throw misused(
        `${name} does not ask for '${key}'`,
        `it asks for ${known.join(', ')}`,
        meant === undefined ? 'leave it out' : `did you mean '${meant}'?`,
      )
    }
  const roles = new Map(Object.keys(analysis.columns).map((role) => [role, namesOf(analysis, role, columns, asked)]))
  const used = new Set([...roles.values()].flat())
  const lengths = new Set([...used].map((c) => columns[c]?.length ?? 0))
  if (lengths.size > 1)
    throw misused(
      `the columns of ${name} differ in length: ${[...lengths].join(', ')}`,
      'a row is what stands at one place in each of them',
      'give columns of one length, with null where a value is missing',
    )
  const values = new Map(Object.entries(settings).map(([key, s]) => [key, settingOf(name, key, s, asked[key])]))
  return {
    rows: lengths.values().next().value ?? 0,
    column: (role) => roles.get(role)?.[0],
    columns: (role) => roles.get(role) ?? [],
    raw: (column) => numbersOf(column, columns[column] ?? []),
    labels: (column) => Array.from(columns[column] ?? [], labelOf),
    isText: (column) => Array.prototype.some.call(columns[column] ?? [], (cell) => typeof cell === 'string'),
    number: (key) => values.get(key) as number | undefined,
    choice: (key) => values.get(key) as string,
    list: (key) => (values.get(key) as readonly string[] | undefined) ?? [],
  }
}

function namesOf(analysis: Analysis, role: string, columns: Columns, asked: Asked): readonly string[] {
  const ask = analysis.columns[role]
  const said = asked[role]
  const names =
    said === undefined
      ? []
      : typeof said === 'string'
        ? [said]
        : Array.isArray(said)
          ? said.map(String)
          : [String(said)]
  if (names.length === 0 && !ask?.optional)
    throw misused(
      `${analysis.name} needs a column as '${role}'`,
      `it is ${ask?.about}`,
      `name it: { ${role}: 'column' }, or --${role} COLUMN; there are ${listed(Object.keys(columns))}`,
    )
  if (names.length > 1 && !ask?.many)
    throw misused(`${analysis.name} takes one column as '${role}'`, `${names.length} were named`, 'name one of them')
  for (const column of names)
    if (!Object.hasOwn(columns, column)) {
      const meant = nearest(column, Object.keys(columns))
      throw new GalleyError('PLAN_UNKNOWN_COLUMN', {
        what: `there is no column '${column}'`,
        why: `there are ${listed(Object.keys(columns))}`,
        fix: meant === undefined ? 'name one of them' : `did you mean '${meant}'?`,
      })
    }
  return names
}

const listed = (names: readonly string[]): string =>
  names.length === 0
    ? 'none'
    : names.length > 12
      ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more`
      : names.join(', ')

function settingOf(name: string, key: string, s: Setting, said: Asked[string]): unknown {
  if (said === undefined) return s.kind === 'list' ? [] : s.default
  if (s.kind === 'list')
    return Array.isArray(said)
      ? said.map(String)
      : String(said)
          .split(',')
          .map((x) => x.trim())
  if (s.kind === 'choice') {
    if (s.choices.includes(String(said))) return String(said)
    throw misused(`'${said}' is no ${key} of ${name}`, s.about, `choose one of ${s.choices.join(', ')}`)
  }
  const value = typeof said === 'string' && said.trim() === '' ? Number.NaN : Number(said)
  const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = s
  if (Number.isFinite(value) && value >= least && value <= most && (!s.whole || Number.isInteger(value))) return value
  throw misused(
    `${said} is no ${key} of ${name}`,
    s.about,
    `give a ${s.whole ? 'whole ' : ''}number${Number.isFinite(least) ? `, ${least} or more` : ''}${Number.isFinite(most) ? `, ${most} at most` : ''}`,
  )
}

/** NaN for what is missing; infinite numbers count as missing, too. */
function numbersOf(column: string, cells: ArrayLike<Cell>): Float64Array {
  const out = new Float64Array(cells.length)
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]
    if (typeof cell === 'string')
      throw unfit(
        `'${column}' holds texts`,
        `numbers are needed, and row ${i + 1} is ${JSON.stringify(cell.slice(0, 40))}`,
        'name a column of numbers, or make it one in the recipe: .derive((r) => ({ x: r.x.cast(float64) }))',
      )
    const x = cell === null || cell === undefined ? Number.NaN : Number(cell)
    out[i] = Number.isFinite(x) ? x : Number.NaN
  }
  return out
}

const labelOf = (cell: Cell): string | null =>
  cell === null || cell === undefined || (typeof cell === 'number' && Number.isNaN(cell)) ? null : String(cell)
