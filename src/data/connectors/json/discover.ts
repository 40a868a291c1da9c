import { rm } from 'node:fs/promises'
import { GalleyError } from '../../../base/errors.ts'
import type { TypeName } from '../../../plan/types.ts'
import type { DiscoverContext, Discovery, FoundColumn } from '../connector.ts'
import { sqlValue } from '../csv/values.ts'
import { utf8Of } from '../encoding.ts'
import { requireFile } from '../files.ts'
import { arraysWithin, hintOf } from './arrays.ts'
import { isArray, records, unreadable } from './layout.ts'
import { cutArray, lookOver } from './look.ts'
import { pointer } from './values.ts'
import { keysOf, takeOut } from './within.ts'

/** Keys beyond which none is proposed. */
const MOST_KEYS = 10_000
const EXAMPLES = 3
const TIMES = ['date', 'local timestamp', 'timestamp'] as const

/** What a file of JSON objects holds: the types of JSON's own values, and of texts whether all are times. */
export async function discoverJson(path: string, rows: number, ctx: DiscoverContext): Promise<Discovery> {
  await requireFile(path)
  const utf8 = await utf8Of({ path, kind: 'json', encoding: ctx.options?.['encoding'] }, ctx.temp, ctx.signal)
  let within: string | undefined
  try {
    const at = ctx.options?.['at']
    if (at !== undefined) await takeOut(utf8.path, path, keysOf(at), (within = await ctx.temp()), ctx.signal)
    const own = within ?? utf8.path
    const layout = { path: own, array: await isArray(own, path) }
    const { ended } = await lookOver(own, path, layout.array, ctx.signal)
    if (layout.array && !ended) throw cutArray(path)
    await ctx.query(
      `CREATE OR REPLACE TEMP TABLE discovered AS SELECT n, j, coalesce(CASE WHEN json_valid(j) THEN json_type(j) = 'OBJECT' END, FALSE) AS ok FROM ${records(layout)} WHERE trim(j, chr(32) || chr(9) || chr(13)) <> '' LIMIT ${rows + 1}`,
    )
    const [all] = await ctx.query(`SELECT count(*) AS n FROM discovered`)
    await ctx.query(
      `CREATE OR REPLACE TEMP TABLE looked AS SELECT j FROM (SELECT * FROM discovered ORDER BY n LIMIT ${rows}) WHERE ok`,
    )
    const [good] = await ctx.query('SELECT count(*) AS n FROM looked')
    const [n, objects] = [Number(all?.['n'] ?? 0), Number(good?.['n'] ?? 0)]
    // one object that holds the records, in one line or in many
    const lie = !layout.array && (n === 1 || objects < Math.min(n, rows)) ? await arraysWithin(own, ctx.signal) : []
    if (n > 0 && objects === 0) throw noObject(path, layout.array, hintOf(lie))
    const keys = await ctx.query(
      `SELECT k, min(p) AS p FROM (SELECT unnest(json_keys(j)) AS k, r * ${MOST_KEYS} + generate_subscripts(json_keys(j), 1) AS p FROM (SELECT j, row_number() OVER () AS r FROM looked)) GROUP BY k ORDER BY p LIMIT ${MOST_KEYS}`,
    )
    const columns: FoundColumn[] = []
    for (const { k } of keys) columns.push(await lookAt(String(k), objects, ctx))
    const options: Record<string, string> = utf8.encoding === 'UTF-8' ? {} : { encoding: utf8.encoding.toLowerCase() }
    const looked = Math.min(n, rows)
    return {
      connector: 'json',
      columns,
      rows: looked,
      whole: n <= rows,
      broken: looked - objects,
      options,
      ...(lie.length > 0 ? { within: lie } : {}),
    }
  } catch (cause) {
    throw unreadable(path, cause)
  } finally {
    if (utf8.copied) await rm(utf8.path, { force: true })
    if (within) await rm(within, { force: true })
  }
}

const noObject = (path: string, array: boolean, hint: string | undefined): GalleyError =>
  new GalleyError('SOURCE_BROKEN', {
    what: `${path} can't be read as JSON`,
    why: `no ${array ? 'value of its array' : 'line of it'} is a whole object`,
    fix: hint ?? 'check that it holds one object a line, or one array of objects, to its end',
  })

async function lookAt(name: string, rows: number, ctx: DiscoverContext): Promise<FoundColumn> {
  const at = pointer(name)
  const [found = {}] = await ctx.query(
    `SELECT count(nullif(k, 'NULL')) AS n, list(DISTINCT k) FILTER (WHERE k <> 'NULL') AS kinds,
     list(s ORDER BY r) FILTER (WHERE s IS NOT NULL AND r <= 100) AS examples,
     ${TIMES.map((t, i) => `count(${sqlValue('s', t)}) AS t${i}`).join(', ')}
     FROM (SELECT json_type(j, ${at}) AS k, json_extract_string(j, ${at}) AS s, row_number() OVER () AS r FROM looked)`,
  )
  const values = Number(found['n'])
  const kinds = ((found['kinds'] as string[] | null) ?? []).toSorted()
  const examples = [...new Set((found['examples'] as string[] | null) ?? [])].slice(0, EXAMPLES)
  const time = TIMES.find((_, i) => values > 0 && kinds.join() === 'VARCHAR' && Number(found[`t${i}`]) === values)
  const [type, evidence] = time
    ? ([time, `all ${values.toLocaleString('en-US')} texts are times`] as const)
    : judge(kinds, values)
  return { name, type, values, missing: rows - values, evidence, examples }
}

function judge(kinds: readonly string[], values: number): readonly [TypeName, string] {
  const all = `all ${values.toLocaleString('en-US')} values are`
  const only = (...names: string[]) => kinds.every((k) => names.includes(k))
  if (values === 0) return ['string', 'no value to tell a type from']
  if (only('BOOLEAN')) return ['bool', `${all} true or false`]
  if (only('BIGINT', 'UBIGINT')) return ['int64', `${all} whole numbers`]
  if (only('BIGINT', 'UBIGINT', 'DOUBLE')) return ['float64', `${all} numbers`]
  if (only('VARCHAR')) return ['string', `${all} texts`]
  if (only('OBJECT', 'ARRAY', 'VARCHAR')) return ['string', `objects or arrays among them: kept as their JSON`]
  return ['string', `of several kinds (${kinds.map((k) => k.toLowerCase()).join(', ')}): what is no text is refused`]
}
