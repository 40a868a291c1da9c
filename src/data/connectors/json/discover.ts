import { rm } from 'node:fs/promises'
import { GalleyError } from '../../../base/errors.ts'
import { text } from '../../../engines/duckdb/sql/names.ts'
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
      `CREATE OR REPLACE TEMP TABLE looked AS SELECT n, j FROM (SELECT * FROM discovered ORDER BY n LIMIT ${rows}) WHERE ok`,
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
    const odd = new Set<number>()
    for (const { k } of keys) columns.push(await lookAt(String(k), objects, odd, ctx))
    const options: Record<string, string> = utf8.encoding === 'UTF-8' ? {} : { encoding: utf8.encoding.toLowerCase() }
    const looked = Math.min(n, rows)
    return {
      connector: 'json',
      columns,
      rows: looked,
      whole: n <= rows,
      broken: looked - objects + odd.size,
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

/** A value as it is looked at: `k` its kind, told apart further where a type of numbers does not take it, `s` its text, `n` its record. */
const seen = (at: string): string =>
  `(SELECT n, s, CASE WHEN k = 'UBIGINT' AND TRY_CAST(s AS BIGINT) IS NULL THEN 'LARGE' WHEN k = 'DOUBLE' AND NOT isfinite(TRY_CAST(s AS DOUBLE)) THEN 'ENDLESS' ELSE k END AS k
   FROM (SELECT n, json_type(j, ${at}) AS k, json_extract_string(j, ${at}) AS s FROM looked))`

/** Kinds of values that a type takes, the narrowest first. */
const TYPES: readonly (readonly [type: TypeName, kinds: readonly string[], called: string])[] = [
  ['bool', ['BOOLEAN'], 'true or false'],
  ['int64', ['BIGINT', 'UBIGINT'], 'whole numbers'],
  ['float64', ['BIGINT', 'UBIGINT', 'DOUBLE'], 'numbers'],
  [
    'float64',
    ['BIGINT', 'UBIGINT', 'LARGE', 'DOUBLE'],
    'numbers, whole ones beyond int64 among them: a float64 rounds these',
  ],
  ['string', ['VARCHAR', 'OBJECT', 'ARRAY'], 'texts'],
]
const KINDS = ['BOOLEAN', 'BIGINT', 'UBIGINT', 'LARGE', 'DOUBLE', 'ENDLESS', 'VARCHAR', 'OBJECT', 'ARRAY'] as const
const CALLED: Readonly<Record<string, string>> = {
  ...{ BOOLEAN: 'true or false', VARCHAR: 'a text', OBJECT: 'an object', ARRAY: 'an array' },
  LARGE: 'more than an int64 holds',
  ENDLESS: 'more than a float64 holds',
}
/** Of texts, the share that may be something else where the others are told to be times. */
const FEW = 0.05
const number = (n: number): string => n.toLocaleString('en-US')

/** The type that takes most values of a key; records with another, which a run would stop at, go to `broken`. */
async function lookAt(name: string, rows: number, broken: Set<number>, ctx: DiscoverContext): Promise<FoundColumn> {
  const at = pointer(name)
  const [found = {}] = await ctx.query(
    `SELECT ${KINDS.map((k, i) => `count(*) FILTER (WHERE k = ${text(k)}) AS k${i}`).join(', ')},
     list(s ORDER BY n) FILTER (WHERE s IS NOT NULL AND r <= 100) AS examples,
     ${TIMES.map((t, i) => `count(*) FILTER (WHERE k = 'VARCHAR' AND (${sqlValue('s', t)}) IS NOT NULL) AS t${i}`).join(', ')}
     FROM (SELECT *, row_number() OVER (ORDER BY n) AS r FROM ${seen(at)})`,
  )
  const counts = new Map<string, number>(KINDS.map((k, i) => [k, Number(found[`k${i}`])]))
  const taken = (kinds: readonly string[]) => kinds.reduce((n, k) => n + (counts.get(k) ?? 0), 0)
  const values = taken(KINDS)
  const examples = [...new Set((found['examples'] as string[] | null) ?? [])].slice(0, EXAMPLES)
  const about = { name, values, missing: rows - values, examples }
  if (values === 0) return { ...about, type: 'string', evidence: 'no value to tell a type from' }
  // a whole number that is too large is odd among such that are not: as floats all of them would be rounded
  const rounds = taken(['DOUBLE']) > 0 || taken(['LARGE']) > taken(['BIGINT', 'UBIGINT'])
  const types = TYPES.filter(([, kinds]) => rounds || !kinds.includes('LARGE'))
  const [type, kinds, called] = types.reduce((a, b) => (taken(b[1]) > taken(a[1]) ? b : a))
  const most = (n: number) => (n === values ? `all ${number(n)}` : `${number(n)} of ${number(values)}`)
  const others = async (condition: string) => {
    const odd = await ctx.query(`SELECT n, k, left(s, 40) AS s FROM ${seen(at)} WHERE k <> 'NULL' AND ${condition} ORDER BY n`) // biome-ignore format: one line
    const [first = {}] = odd
    const kind = CALLED[String(first['k'])]
    const says = `but record ${number(Number(first['n']))} has ${JSON.stringify(first['s'])}${kind ? ` (${kind})` : ''}${odd.length > 1 ? `, and ${number(odd.length - 1)} more such` : ''}`
    return { says, records: odd.map((r) => Number(r['n'])) }
  }
  const n = taken(kinds)
  if (n < values) {
    const { says, records } = await others(`k NOT IN (${kinds.map(text).join(', ')})`)
    for (const record of records) broken.add(record)
    return { ...about, type, evidence: `${most(n)} values are ${called}, ${says}: a run stops there, or sets it aside (broken: 'skip')` } // biome-ignore format: one line
  }
  if (type !== 'string') return { ...about, type, evidence: `${most(n)} values are ${called}` }
  if (taken(['VARCHAR']) < values)
    return { ...about, type, evidence: 'objects or arrays among them: kept as their JSON' }
  const times = TIMES.map((t, i) => [t, Number(found[`t${i}`])] as const)
  const time = times.find(([, n]) => n === values)
  if (time) return { ...about, type: time[0], evidence: `all ${number(values)} texts are times` }
  const near = times.find(([, n]) => values - n <= FEW * values)
  const nearly =
    near && `${most(near[1])} are a ${near[0]}, ${(await others(`(${sqlValue('s', near[0])}) IS NULL`)).says}`
  return { ...about, type, evidence: `${most(n)} values are texts${nearly ? `; ${nearly}` : ''}` }
}
