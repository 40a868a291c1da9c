import { rm } from 'node:fs/promises'
import { readCsv } from '../../../engines/duckdb/sql/csv.ts'
import { parseType, type TypeName } from '../../../plan/types.ts'
import type { DiscoverContext, Discovery, FoundColumn } from '../connector.ts'
import { utf8Of } from '../encoding.ts'
import { requireFile } from '../files.ts'
import { cleanHeader } from './clean.ts'
import { type Header, readHeader, broken as unfit } from './header.ts'
import { countWays, proposedFor } from './proposals.ts'
import { countRecords } from './unclosed.ts'
import { sqlValue } from './values.ts'

/** Types that are tried, the narrowest first, and what their values are called. */
const TRIED: readonly (readonly [type: TypeName, called: string])[] = [
  ['bool', 'true or false'],
  ['int64', 'whole numbers'],
  ['float64', 'numbers'],
  ['date', 'days'],
  ['local timestamp', 'wall clocks'],
  ['timestamp', 'instants'],
]
/** Numbers, with commas between thousands or without. */
const GROUPED = '[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)([.][0-9]+)?'
/** What one query asks at most: for each step of each answer the engine holds 2,048 values, so that 50 columns at once take 16 GB. */
const AT_ONCE = 25
/** Columns, and values, that are held at once: the engine reads 2,048 values of each column together, however few there are. */
const WIDE = 500
const MOST_VALUES = 4_000_000
/** Columns that are looked at, in seconds and within the memory of a process that opens files. */
const MOST_COLUMNS = 10_000
const EXAMPLES = 3

/** What a CSV holds: each type is tried on every value by the casts that loading uses. */
export async function discoverCsv(path: string, rows: number, ctx: DiscoverContext): Promise<Discovery> {
  await requireFile(path)
  const copies: string[] = []
  const copy = async () => {
    const to = await ctx.temp()
    copies.push(to)
    return to
  }
  try {
    const utf8 = await utf8Of({ path, kind: 'csv', encoding: ctx.options?.['encoding'] }, copy, ctx.signal)
    const own = await readHeader(utf8.path, ctx.options?.['delimiter'], path)
    const wide = own.cells.length
    if (wide > MOST_COLUMNS)
      throw unfit(
        path,
        `it has ${wide.toLocaleString('en-US')} columns, and ${MOST_COLUMNS.toLocaleString('en-US')} are looked at, at most`,
        "declare those that you need in a recipe, csv('FILE', { price: 'float64' }): any number of others may stand beside them",
      )
    const clean = await cleanHeader(utf8.path, own, copy, ctx.signal)
    const { header } = clean
    const layout = { file: clean.path, delimiter: header.delimiter, blank: 0, cells: header.cells.length }
    const rejects = ", store_rejects = true, rejects_table = 'discover_errors', rejects_scan = 'discover_scans'"
    const named = namedCells(header)
    const columns: FoundColumn[] = []
    let [all, broken] = [rows, 0]
    for (let from = 0, next = 0; from === 0 || from < named.length; from = next) {
      next = from + Math.min(WIDE, Math.max(1, Math.floor(MOST_VALUES / Math.max(1, Math.min(rows, all)))))
      const some = named.slice(from, next)
      await hold(some, readCsv(layout, new Map(), from === 0 ? rejects : ', ignore_errors = true'), rows, ctx)
      if (from === 0) {
        ;[all, broken] = await counts(ctx)
      }
      columns.push(...(await lookAt(some, Math.min(rows, all), ctx)))
    }
    const [whole, looked] = [all <= rows, Math.min(rows, all)]
    // what the reader leaves out without a word has been read to its end
    const { unclosed } = whole ? await countRecords(clean.path, header.delimiter, ctx.signal) : { unclosed: undefined }
    const options: Record<string, string> = {}
    if (header.delimiter !== ',') options['delimiter'] = header.delimiter
    if (utf8.encoding !== 'UTF-8') options['encoding'] = utf8.encoding.toLowerCase()
    return {
      connector: 'csv',
      columns,
      rows: looked,
      whole,
      broken: broken + (unclosed?.lines ?? 0),
      options,
    }
  } finally {
    for (const file of copies) await rm(file, { force: true })
  }
}

/** Cells that can be declared: those with a name that no other has. */
const namedCells = ({ cells }: Header): { name: string; place: number }[] =>
  cells.flatMap((name, place) =>
    name !== '' && cells.indexOf(name) === cells.lastIndexOf(name) ? [{ name, place }] : [],
  )

/** Holds the first values of some columns, a row each: its place, its record's number from 1 on, and the text; of place -1 one a record. */
async function hold(
  some: readonly { readonly place: number }[],
  from: string,
  rows: number,
  ctx: DiscoverContext,
): Promise<void> {
  const cells = some.map(({ place }) => `c${place}`).join(', ')
  const head = `SELECT ${cells || 'NULL'} FROM ${from} LIMIT ${rows + 1}`
  const numbered = `SELECT row_number() OVER () AS r, '' AS "c-1"${cells ? `, ${cells}` : ''} FROM (${head})`
  await ctx.query(`CREATE OR REPLACE TEMP TABLE discovered AS SELECT substr(name, 2)::INTEGER AS place, r, v
    FROM (UNPIVOT (${numbered}) ON COLUMNS(* EXCLUDE (r)) INTO NAME name VALUE v)`)
}

/** Records that were read, and lines that are broken. */
async function counts(ctx: DiscoverContext): Promise<[number, number]> {
  const [all] = await ctx.query('SELECT count(*) AS n FROM discovered WHERE place < 0')
  const [broken] = await ctx.query('SELECT count(DISTINCT line) AS n FROM discover_errors')
  return [Number(all?.['n'] ?? 0), Number(broken?.['n'] ?? 0)]
}

/** What is told of columns whose values are held. */
async function lookAt(
  some: readonly { readonly name: string; readonly place: number }[],
  rows: number,
  ctx: DiscoverContext,
): Promise<FoundColumn[]> {
  const tried = TRIED.flatMap(([type], t) => {
    const value = sqlValue('v', parseType(type))
    return [`count(${value}) AS n${t}`, `arg_min(v, r) FILTER (WHERE (${value}) IS NULL) AS x${t}`]
  })
  const asked = [
    'count(v) AS n',
    "arg_min(v, r) FILTER (WHERE regexp_matches(v, '^[+-]?0[0-9]')) AS z",
    `count(*) FILTER (WHERE regexp_full_match(v, '${GROUPED}')) AS g`,
    "arg_min(v, r) FILTER (WHERE contains(v, ',')) AS k",
    'list(v ORDER BY r) FILTER (WHERE r <= 100) AS e',
    ...tried,
    ...countWays('v'),
  ]
  const found = new Map<number, Record<string, unknown>>()
  for (let from = 0; from < asked.length; from += AT_ONCE) {
    const answers = await ctx.query(
      `SELECT place, ${asked.slice(from, from + AT_ONCE).join(', ')} FROM discovered WHERE r <= ${rows} AND place >= 0 GROUP BY place`,
    )
    for (const a of answers) found.set(Number(a['place']), Object.assign(found.get(Number(a['place'])) ?? {}, a))
  }
  return some.map(({ name, place }) => {
    const about = found.get(place) ?? {}
    const values = Number(about['n'] ?? 0)
    const examples = [...new Set((about['e'] as string[] | null) ?? [])].slice(0, EXAMPLES)
    return { name, values, missing: rows - values, examples, ...judge(about, values, name) }
  })
}

function judge(
  found: Readonly<Record<string, unknown>>,
  values: number,
  name: string,
): Pick<FoundColumn, 'type' | 'evidence' | 'derive'> {
  if (values === 0) return { type: 'string', evidence: 'no value to tell a type from' }
  const counts = TRIED.map((_, t) => Number(found[`n${t}`]))
  const padded = found['z']
  const all = `all ${values.toLocaleString('en-US')} values`
  const fits = counts.indexOf(values)
  const way = proposedFor(found, values, name)
  const [type, called] = TRIED[fits] ?? []
  if (type && called) {
    const number = type === 'int64' || type === 'float64'
    if (number && padded !== null)
      return { type: 'string', evidence: `${all} are ${called}, some with zeros before, as ${JSON.stringify(padded)}` }
    if (way && number)
      return {
        type: 'string',
        evidence: `${all} are ${way.called}, or ${called}`,
        ...(way.derive ? { derive: way.derive } : {}),
      }
    return { type, evidence: `${all} are ${called}` }
  }
  if (way && Number(found['g']) !== values)
    return { type: 'string', evidence: `${all} are ${way.called}`, ...(way.derive ? { derive: way.derive } : {}) }
  if (Number(found['g']) === values)
    return {
      type: 'string',
      derive: `r[${JSON.stringify(name)}].replaceMatches(',', '').cast('float64')`,
      evidence: `${all} are numbers, some with commas between thousands, as ${JSON.stringify(found['k'])}`,
    }
  const most = counts.indexOf(Math.max(...counts))
  const share = counts[most] as number
  if (share === 0) return { type: 'string', evidence: 'no value is a number, a time, or true or false' }
  return {
    type: 'string',
    evidence: `${share.toLocaleString('en-US')} of ${values.toLocaleString('en-US')} values are ${TRIED[most]?.[1]}; not ${JSON.stringify(String(found[`x${most}`]).slice(0, 40))}`,
  }
}
