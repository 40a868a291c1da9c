import { rm } from 'node:fs/promises'
import { readCsv } from '../../../engines/duckdb/sql/csv.ts'
import { parseType, type TypeName } from '../../../plan/types.ts'
import type { DiscoverContext, Discovery, FoundColumn } from '../connector.ts'
import { utf8Of } from '../encoding.ts'
import { requireFile } from '../files.ts'
import { cleanHeader } from './clean.ts'
import { type Header, readHeader } from './header.ts'
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
    const clean = await cleanHeader(utf8.path, own, copy, ctx.signal)
    const { header } = clean
    const layout = { file: clean.path, delimiter: header.delimiter, blank: 0, cells: header.cells.length }
    const rejects = ", store_rejects = true, rejects_table = 'discover_errors', rejects_scan = 'discover_scans'"
    await ctx.query(
      `CREATE OR REPLACE TEMP TABLE discovered AS SELECT * FROM ${readCsv(layout, new Map(), rejects)} LIMIT ${rows + 1}`,
    )
    const [all] = await ctx.query('SELECT count(*) AS n FROM discovered')
    const [broken] = await ctx.query('SELECT count(DISTINCT line) AS n FROM discover_errors')
    const whole = Number(all?.['n']) <= rows
    // what the reader leaves out without a word has been read to its end
    const { unclosed } = whole ? await countRecords(clean.path, header.delimiter, ctx.signal) : { unclosed: undefined }
    const looked = Math.min(rows, Number(all?.['n']))
    const columns: FoundColumn[] = []
    for (const cell of namedCells(header)) columns.push(await lookAt(cell, looked, ctx))
    const options: Record<string, string> = {}
    if (header.delimiter !== ',') options['delimiter'] = header.delimiter
    if (utf8.encoding !== 'UTF-8') options['encoding'] = utf8.encoding.toLowerCase()
    return {
      connector: 'csv',
      columns,
      rows: looked,
      whole,
      broken: Number(broken?.['n'] ?? 0) + (unclosed?.lines ?? 0),
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

async function lookAt(
  { name, place }: { readonly name: string; readonly place: number },
  rows: number,
  ctx: DiscoverContext,
): Promise<FoundColumn> {
  const c = `c${place}`
  const tried = TRIED.flatMap(([type], t) => {
    const value = sqlValue(c, parseType(type))
    return [
      `count(${value}) AS n${t}`,
      `arg_min(${c}, r) FILTER (WHERE ${c} IS NOT NULL AND (${value}) IS NULL) AS x${t}`,
    ]
  })
  const asked = [
    `count(${c}) AS n`,
    `arg_min(${c}, r) FILTER (WHERE regexp_matches(${c}, '^[+-]?0[0-9]')) AS z`,
    `count(*) FILTER (WHERE regexp_full_match(${c}, '${GROUPED}')) AS g`,
    `arg_min(${c}, r) FILTER (WHERE contains(${c}, ',')) AS k`,
    `list(${c} ORDER BY r) FILTER (WHERE r <= 100 AND ${c} IS NOT NULL) AS e`,
    ...tried,
    ...countWays(c),
  ]
  const found: Record<string, unknown> = {}
  for (let from = 0; from < asked.length; from += AT_ONCE) {
    const some = asked.slice(from, from + AT_ONCE).join(', ')
    const rowsOf = `SELECT ${c}, row_number() OVER () AS r FROM discovered LIMIT ${rows}`
    const [answers] = await ctx.query(`SELECT ${some} FROM (${rowsOf})`)
    Object.assign(found, answers)
  }
  const values = Number(found['n'])
  const examples = [...new Set((found['e'] as string[] | null) ?? [])].slice(0, EXAMPLES)
  return { name, values, missing: rows - values, examples, ...judge(found, values, name) }
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
