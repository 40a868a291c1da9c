import { GalleyError } from '../../base/errors.ts'
import type { Place, Selection } from '../../data/datasets/read/rows.ts'
import { parseCondition } from '../../plan/condition.ts'
import type { Expr } from '../../plan/expr.ts'
import { checkSize, expr } from '../../plan/json/check.ts'
import type { Schema } from '../../plan/types.ts'
import type { DatasetVersion } from '../../store/datasets.ts'
import { keyOf, pageOf } from '../../store/page.ts'

/** Of a version's rows. @throws REQUEST_INVALID, PLAN_* for a condition that is none */
export function selectionOf(
  { columns, where }: { columns?: string | undefined; where?: string | undefined },
  { schema }: Pick<DatasetVersion, 'schema'>,
): Selection {
  return {
    columns: columns === undefined ? undefined : namesOf(columns),
    where: where && conditionOf(where, schema as Schema),
  } as Selection
}

export function namesOf(columns: string): readonly string[] {
  if (!columns.startsWith('[')) return columns.split(',')
  const names = jsonOf(columns, 'columns')
  if (Array.isArray(names) && names.length > 0 && names.every((n) => typeof n === 'string')) return names
  throw invalid(
    "'columns' is no list of names",
    'it has to hold texts',
    'give names between commas, or a JSON list of them',
  )
}

/** A condition as people type it, or the JSON of an expression. @throws REQUEST_INVALID, PLAN_* for one that is neither */
export function conditionOf(where: string, schema: Schema): Expr {
  if (!/^\s*[{[]/.test(where)) return parseCondition(where, schema)
  const json = jsonOf(where, 'where', TYPED)
  try {
    checkSize(json)
    expr(json, 'where')
  } catch (cause) {
    if (!(cause instanceof GalleyError)) throw cause
    throw new GalleyError(cause.code, {
      what: `'where' is no condition`,
      why: `${cause.what}: ${cause.why}`,
      fix: TYPED,
      cause,
    })
  }
  return json as Expr
}
const TYPED =
  "write it as a condition is typed: delay > 15 and origin in ('ICN', 'GMP'); or give the JSON of an expression"

export function jsonOf(text: string, what: string, fix = 'see /v1/openapi.json'): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(`'${what}' is not JSON`, (cause as Error).message, fix)
  }
}

export const invalid = (what: string, why: string, fix: string): GalleyError =>
  new GalleyError('REQUEST_INVALID', { what, why, fix })

/** A cursor of rows: version, file, row and the beginning of the version's hash, so that the pages are of one version whatever is published or forgotten meanwhile. */
const PLACE = /^(\d{1,9})\.(\d{1,9})\.(\d{1,15})\.(\w{1,16})$/

/** A place that a cursor says. */
interface Placed {
  readonly version: number
  readonly hash: string
  readonly from: Place
}

/** Where a page of rows begins. @throws REQUEST_INVALID for a cursor of another list */
export function placeOf(query: { cursor?: string | undefined }): Placed | undefined {
  const key = keyOf(query, 'string')
  if (key === undefined) return undefined
  const [, version, file, row, hash] = PLACE.exec(key) ?? []
  if (version === undefined || hash === undefined)
    throw invalid(
      'the cursor is not one of this list',
      'a cursor is the `next` of the page before',
      'begin again without a cursor',
    )
  return { version: Number(version), hash, from: { file: Number(file), row: Number(row) } }
}

type Known = Pick<DatasetVersion, 'name' | 'version' | 'hash'>
const markOf = ({ hash }: Known): string => hash.slice(0, 16)

/** @throws REQUEST_INVALID where rows were taken out of a version since a place in it was told: the place is another now */
export function requireSame(place: Placed | undefined, found: Known): void {
  if (!place || place.hash === markOf(found)) return
  throw invalid(
    `rows of ${found.name}@${found.version} were taken out since the page before`,
    'somebody was forgotten, and the rows after them stand elsewhere now',
    'begin again without a cursor',
  )
}

/** The cursor of a place in a version. */
export const cursorAt = (found: Known, { file, row }: Place): string =>
  cursorOf(`${found.version}.${file}.${row}.${markOf(found)}`)
export const cursorOf = (key: string): string => pageOf([key, ''], 1, (k) => k).next ?? ''
