import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { GalleyError } from '../../base/errors.ts'
import { failing } from '../../engines/duckdb/sql/call.ts'
import { file, quote, sqlType } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import { type TypeName, unknownColumn } from '../../plan/types.ts'
import type { Connector, ConnectorContext, SourceSnapshot, SourceSpec } from './connector.ts'
import { utf8Of } from './encoding.ts'
import { fingerprintFile } from './files.ts'
import { arraysWithin, hintOf } from './json/arrays.ts'
import { discoverJson } from './json/discover.ts'
import {
  anyWrong,
  badColumn,
  badValue,
  type Declared,
  declared,
  isArray,
  type JsonLayout,
  otherKeys,
  reasonOf,
  records,
  rowsOf,
  unreadable,
} from './json/layout.ts'
import { lookOver } from './json/look.ts'
import { isPlain, plainRows, plainWrong } from './json/plain.ts'
import { pointer } from './json/values.ts'
import { keysOf, takeOut } from './json/within.ts'
import { type BrokenOptions, limitOf, textSource } from './limit.ts'
import { knownOf, unknownRefused } from './unknown.ts'
import { writeJson } from './write/files.ts'

export interface JsonOptions extends BrokenOptions {
  /** How the text is encoded, by a name that iconv has; found from the file when not given. */
  readonly encoding?: string
  /** The keys that lead to an array of the records, where it does not stand alone: `data.items`, or a JSON pointer. */
  readonly at?: string
}

/** A file of JSON objects as a source: one a line, or one array of them. A key that is missing is null. */
export const json = <const S extends Record<string, TypeName>>(
  path: string,
  columns: S,
  options: JsonOptions = {},
): SourceSpec<S> => {
  if (options.at !== undefined) keysOf(options.at)
  return textSource('json', path, columns, { ...options }, OPTIONS)
}
const OPTIONS: readonly string[] = ['encoding', 'at', 'broken', 'mostBroken']

export const jsonConnector: Connector = {
  kind: 'json',
  where: 'path',
  write: writeJson,
  fingerprint: (_, path) => fingerprintFile(path),
  discover: discoverJson,
  async snapshot(spec, path, ctx) {
    const columns = declared(spec, path)
    const tooMany = limitOf(spec.options['mostBroken'])
    const { hash, bytes } = await fingerprintFile(path)
    const text = { path, kind: 'json', encoding: spec.options['encoding'] }
    const utf8 = await utf8Of(text, () => ctx.keep('utf8.json'), ctx.signal)
    const within = spec.options['at'] === undefined ? undefined : await ctx.keep('within.json')
    try {
      if (within) await takeOut(utf8.path, path, keysOf(spec.options['at']), within, ctx.signal)
      const source = within ?? utf8.path
      const array = await isArray(source, path)
      const look = await lookOver(source, path, array, ctx.signal)
      const all: JsonLayout = { path: source, named: path, array, columns, look }
      const { unknown, layout } = await unknownKeys(spec, all, ctx)
      const target = await ctx.keep(`${hash.slice(0, 16)}.parquet`)
      const read = await copied(layout, target, spec.options['broken'] === 'skip' ? tooMany : undefined, ctx)
      // the reader takes a first line that its buffer does not hold for the end of the file
      if (read.rows === 0 && !layout.array && (await hasText(utf8.path)))
        throw unreadable(path, new Error('JSON: its first line is longer than can be read'))
      await requireKeys(layout, target, ctx)
      const schema = columns.map(({ name, type }) => ({ name, type, nullable: true }))
      return { files: [target], schema, bytes, hash, encoding: utf8.encoding, ...read, ...unknown }
    } catch (cause) {
      throw unreadable(path, cause)
    } finally {
      if (utf8.copied) await rm(utf8.path, { force: true })
      if (within) await rm(within, { force: true })
    }
  },
}

/** Looks for keys that nobody knows, where that is asked for; records that have one are broken where they are to be set aside. @throws SOURCE_SCHEMA */
async function unknownKeys(
  spec: SourceSpec,
  layout: JsonLayout,
  ctx: ConnectorContext,
): Promise<{ unknown: Pick<SourceSnapshot, 'unknown'>; layout: JsonLayout }> {
  const asked = knownOf(spec)
  const found = asked ? await ctx.query(otherKeys(layout, asked.known)) : []
  if (!asked || found.length === 0) return { unknown: {}, layout }
  const unknown = Object.fromEntries(found.map((r) => [String(r['k']), Number(r['n'])]))
  if (asked.policy === 'stop') throw unknownRefused(unknown, asked.known, layout.named)
  return { unknown: { unknown }, layout: asked.policy === 'evolve' ? layout : { ...layout, known: asked.known } }
}

/** Writes the records as Parquet; `tooMany` tells when broken ones, which are left out, are too many. @throws SOURCE_BROKEN */
async function copied(
  layout: JsonLayout,
  target: string,
  tooMany: ((broken: number, all: number) => boolean) | undefined,
  ctx: ConnectorContext,
): Promise<Pick<SourceSnapshot, 'rows' | 'rejected' | 'quarantine'>> {
  const named = (value: (i: number) => string) => layout.columns.map(({ name }, i) => `${value(i)} AS ${quote(name)}`)
  const copy = async (values: string[], rows: string) => {
    const [written] = await ctx.query(`COPY (SELECT ${values.join(', ')} FROM ${rows}) ${toParquet(target)}`)
    return Number(written?.['Count'] ?? 0)
  }
  if (isPlain(layout)) {
    // what this way refuses, the strict one tells in words, or finds to be good
    const rows = await plainly(layout, copy).catch((cause: unknown) => {
      if (ctx.signal.aborted || (cause instanceof GalleyError && cause.code === 'DISK_FULL')) throw cause
    })
    if (rows !== undefined) return { rows, rejected: {} }
  }
  try {
    // the first broken record ends this pass; most files have none
    const held = named(
      (i) =>
        `CASE WHEN ${anyWrong(layout)} THEN ${failing(BROKEN, sqlType((layout.columns[i] as Declared).type))} ELSE v${i} END`,
    )
    return { rows: await copy([...held.slice(0, 1), ...named((i) => `v${i}`).slice(1)], rowsOf(layout)), rejected: {} }
  } catch (cause) {
    if (!String(cause).includes(BROKEN)) throw cause
  }
  const [found = {}] = await ctx.query(
    `SELECT count(*) AS n, count(*) FILTER (WHERE ${anyWrong(layout)}) AS broken FROM ${rowsOf(layout)}`,
  )
  const [all, broken] = [Number(found['n']), Number(found['broken'])]
  if (tooMany === undefined || broken === all || tooMany(broken, all)) throw await firstBroken(layout, broken, ctx)
  await copy(
    named((i) => `v${i}`),
    `${rowsOf(layout)} WHERE NOT (${anyWrong(layout)})`,
  )
  const aside = await ctx.keep('rejected.parquet')
  const told = `${reasonOf(layout)} AS reason, ${badColumn(layout)} AS "column", ${badValue(layout)} AS value, j AS "row"`
  await ctx.query(
    `COPY (SELECT n AS record, ${told} FROM ${rowsOf(layout)} WHERE ${anyWrong(layout)} ORDER BY n) ${toParquet(aside)}`,
  )
  const reasons = await ctx.query(
    `SELECT ${reasonOf(layout)} AS reason, count(*) AS n FROM ${rowsOf(layout)} WHERE ${anyWrong(layout)} GROUP BY 1 ORDER BY 1`,
  )
  const rejected = Object.fromEntries(reasons.map((r) => [`broken record (${String(r['reason'])})`, Number(r['n'])]))
  return { rows: all - broken, rejected, quarantine: aside }
}

const BROKEN = 'a record is broken'

/** Copies a file that is taken apart once, by the engine's own reader; fails where it holds anything odd. */
function plainly(layout: JsonLayout, copy: (values: string[], rows: string) => Promise<number>): Promise<number> {
  const values = layout.columns.map(({ name, type }, i) => {
    const held = `CASE WHEN ${plainWrong(layout)} THEN ${failing(BROKEN, sqlType(type))} ELSE v${i} END`
    return `${i === 0 ? held : `v${i}`} AS ${quote(name)}`
  })
  return copy(values, plainRows(layout))
}

const FIX =
  "correct the file, declare the column as what it is, or leave such records out with json(…, { broken: 'skip' }): they are counted, and kept with their reasons"

async function firstBroken(layout: JsonLayout, broken: number, ctx: ConnectorContext): Promise<GalleyError> {
  const [first = {}] = await ctx.query(
    `SELECT n, ${reasonOf(layout)} AS reason, ${badColumn(layout)} AS "column", ${badValue(layout)} AS value, j FROM ${rowsOf(layout)} WHERE ${anyWrong(layout)} ORDER BY n LIMIT 1`,
  )
  const n = Number(first['n'])
  const where = layout.array ? `record ${n}` : `line ${await lineOf(layout.path, n)}`
  const column = first['column']
  const hint = !layout.array && n === 1 && broken > 0 ? hintOf(await arraysWithin(layout.path, ctx.signal)) : undefined
  const shown = String(first['value'] ?? first['j']).slice(0, 120)
  return new GalleyError('SOURCE_BROKEN', {
    what: `${where} of ${layout.named} is broken${broken > 1 ? `, and ${broken - 1} more` : ''}`,
    why: `${typeof column === 'string' ? `column '${column}' is ` : ''}${shown}, which ${String(first['reason'])}`,
    fix: `${hint ? `${hint}; or ` : ''}${FIX}`,
    details: { record: n, count: broken, ...(typeof column === 'string' ? { column } : {}) },
  })
}

/** Whether there is anything but a byte order mark and blanks. */
async function hasText(path: string): Promise<boolean> {
  for await (const chunk of createReadStream(path))
    if (/[^\s\xef\xbb\xbf]/.test((chunk as Buffer).toString('latin1'))) return true
  return false
}

const BOM = [0xef, 0xbb, 0xbf]

/** The line of a file in which its `n`th line that is not empty stands. */
async function lineOf(path: string, n: number): Promise<number> {
  let [line, seen, length, at] = [1, 0, 0, 0]
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
    for (const byte of chunk as Uint8Array) {
      // a byte order mark is no part of its line
      if (at++ < BOM.length && byte === BOM[at - 1]) continue
      if (byte !== 0x0a) {
        if (byte !== 0x0d && length++ === 0 && ++seen === n) return line
      } else {
        line++
        length = 0
      }
    }
  return line
}

/** Fails for a declared key that no record has. @throws PLAN_UNKNOWN_COLUMN */
async function requireKeys(layout: JsonLayout, target: string, ctx: ConnectorContext): Promise<void> {
  const { columns, named } = layout
  const counts = columns.map(({ name }, i) => `count(json_type(j, ${pointer(name)})) AS n${i}`)
  const whole = `(SELECT j FROM ${records(layout)} WHERE CASE WHEN json_valid(j) THEN json_type(j) = 'OBJECT' END)`
  const filled = columns.map(({ name }, i) => `count(${quote(name)}) AS n${i}`)
  const [values = {}] = await ctx.query(
    `SELECT count(*) AS n, ${filled.join(', ')} FROM read_parquet(${file(target)}, hive_partitioning = false)`,
  )
  if (Number(values['n']) === 0 || columns.every((_, i) => Number(values[`n${i}`]) > 0)) return
  const [keys = {}] = await ctx.query(`SELECT ${counts.join(', ')} FROM ${whole}`)
  const missing = columns.find((_, i) => Number(keys[`n${i}`]) === 0)
  if (!missing) return
  const has = await ctx.query(`SELECT DISTINCT unnest(json_keys(j)) AS k FROM ${whole} LIMIT 1000`)
  throw unknownColumn(
    missing.name,
    has.map((r) => String(r['k'])),
    named,
  )
}
