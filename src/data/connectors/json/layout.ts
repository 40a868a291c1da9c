import { open } from 'node:fs/promises'
import { GalleyError } from '../../../base/errors.ts'
import { file, text } from '../../../engines/duckdb/sql/names.ts'
import { isDecimal, parseType, type Type, type TypeName, typeName } from '../../../plan/types.ts'
import type { SourceSpec } from '../connector.ts'
import { cutArray, type JsonLook } from './look.ts'
import { exactText, isReadable, jsonValue, pointer } from './values.ts'

export interface Declared {
  readonly name: string
  readonly type: Type
}

/** A file of JSON as SQL reads it. */
export interface JsonLayout {
  /** The file in UTF-8, and the source's own path, for messages. */
  readonly path: string
  readonly named: string
  /** Whether it is one array; one object a line otherwise. */
  readonly array: boolean
  readonly columns: readonly Declared[]
  readonly look: JsonLook
  /** Keys that a record may have; one with another is broken. Absent where others are left alone. */
  readonly known?: readonly string[]
}

/** @throws SOURCE_SCHEMA for a type that JSON has not */
export function declared(spec: SourceSpec, path: string): Declared[] {
  return Object.entries<TypeName>(spec.columns).map(([name, given]) => {
    const type = parseType(given)
    if (!isReadable(type))
      throw new GalleyError('SOURCE_SCHEMA', {
        what: `column '${name}' of ${path} can't be read as a ${typeName(type)}`,
        why: 'objects are not taken apart when they are read',
        fix: "declare it as 'string', and take what you need with json functions in the recipe",
        details: { column: name },
      })
    return { name, type }
  })
}

const END_BYTES = 4096

/** Whether a file is one array: its first character that is no space begins one. @throws SOURCE_BROKEN for one that does not end */
export async function isArray(path: string, named: string): Promise<boolean> {
  const opened = await open(path)
  try {
    const { size } = await opened.stat()
    const part = async (at: number) => {
      const { buffer, bytesRead } = await opened.read(Buffer.alloc(END_BYTES), 0, END_BYTES, at)
      return buffer.toString('utf8', 0, bytesRead)
    }
    if (!/^\uFEFF?\s*\[/.test(await part(0))) return false
    // the reader takes what ends after a comma for whole
    if (!(await part(Math.max(0, size - END_BYTES))).trimEnd().endsWith(']')) throw cutArray(named)
    return true
  } finally {
    await opened.close()
  }
}

/** What the reader says of a file that it can't take apart at all, as an error of the file; other causes as they are. */
export function unreadable(path: string, cause: unknown): unknown {
  const told = cause instanceof GalleyError && (cause.code === 'ENGINE_FAILED' || cause.code === 'VALUE_INVALID')
  const said = told ? String(cause.why) : cause instanceof GalleyError ? '' : String(cause)
  if (!/JSON|unicode|UTF-8|utf-8|Maximum line size|state machine/i.test(said)) return cause
  return new GalleyError('SOURCE_BROKEN', {
    what: `${path} can't be read as JSON`,
    why: (said.split('\n')[0] ?? said)
      .replace(/^(Error: )?(\w+( \w+)? Error: )?(JSON: )?/, '')
      .replace(/ in file ".*?"/, ''),
    fix: 'check that it holds one object a line, or one array of objects, to its end',
    cause,
  })
}

/** No character of JSON's own text: a line is one cell of a CSV whose delimiter never occurs. */
const NEVER = text('\u0001')

/** The file's records in order: `n` counts them from 1 (blank lines left out), `j` is the text. */
export function records({ path, array }: Pick<JsonLayout, 'path' | 'array'>): string {
  const source = array
    ? `SELECT json::VARCHAR AS j FROM read_json_objects(${file(path)}, format = 'array', compression = 'uncompressed', hive_partitioning = false)`
    : `SELECT ltrim(line, chr(65279)) AS j FROM read_csv(${file(path)}, columns = {'line': 'VARCHAR'}, delim = ${NEVER}, quote = '', escape = '', header = false, auto_detect = false, nullstr = ${text('\u0002')}, strict_mode = false, new_line = '\\n', compression = 'none', hive_partitioning = false)`
  return `(SELECT row_number() OVER () AS n, j FROM (${source}))`
}

/** The records with `ok` (an object), and each declared column's kind (`k0`, …), text (`t0`, …) and value (`v0`, …). */
export function rowsOf(layout: JsonLayout): string {
  const { columns, look } = layout
  const ok = `coalesce(json_valid(j), FALSE) AND CASE WHEN json_valid(j) THEN json_type(j) = 'OBJECT' END`
  // all keys at once: each call takes the whole text apart
  const keys = `[${columns.map(({ name }) => pointer(name)).join(', ')}]`
  const lists = `CASE WHEN ok THEN json_extract(j, ${keys}) END AS js, CASE WHEN ok THEN json_type(j, ${keys}) END AS ks, CASE WHEN ok THEN json_extract_string(j, ${keys}) END AS ts`
  const taken = columns.map(({ name, type }, i) => {
    const told = look.long && isDecimal(type) ? exactText('j', `ks[${i + 1}]`, `ts[${i + 1}]`, name) : `ts[${i + 1}]`
    return `js[${i + 1}] AS j${i}, nullif(ks[${i + 1}], 'NULL') AS k${i}, ${told} AS t${i}`
  })
  const values = columns.map(({ type }, i) => `${jsonValue(`j${i}`, `k${i}`, `t${i}`, type)} AS v${i}`)
  const whole = `(SELECT *, ${ok} AS ok FROM ${records(layout)} WHERE trim(j, chr(32) || chr(9) || chr(13)) <> '')`
  const own = `(SELECT n, j, ok, ${taken.join(', ')} FROM (SELECT n, j, ok, ${lists} FROM ${whole}))`
  return `(SELECT *, ${values.join(', ')} FROM ${own})`
}

export const wrong = (i: number): string => `(k${i} IS NOT NULL AND v${i} IS NULL)`
export const anyWrong = ({ columns, known }: JsonLayout): string =>
  ['NOT ok', isTwice(columns), ...columns.map((_, i) => wrong(i)), ...(known ? [hasOther(known)] : [])].join(' OR ')

/** The declared keys of a record, as often as it has them. */
const ownKeys = (columns: readonly Declared[]): string =>
  `list_filter(json_keys(j), lambda k: k IN (${columns.map((c) => text(c.name)).join(', ')}))`
/** A record that has a declared key more than once: which value is meant is open. */
const isTwice = (columns: readonly Declared[]): string =>
  `coalesce(CASE WHEN ok THEN len(${ownKeys(columns)}) > len(list_distinct(${ownKeys(columns)})) END, FALSE)`
const firstTwice = (columns: readonly Declared[]): string =>
  `list_filter(${ownKeys(columns)}, lambda k, i: list_position(${ownKeys(columns)}, k) < i)[1]`

/** The keys of a record that are none of some. */
const others = (known: readonly string[]): string =>
  `list_filter(json_keys(j), lambda k: k NOT IN (${known.map(text).join(', ')}))`
const hasOther = (known: readonly string[]): string =>
  `coalesce(CASE WHEN ok THEN len(${others(known)}) > 0 END, FALSE)`

/** How many records have each key that is none of some; records that are no objects are left out. */
export const otherKeys = (layout: JsonLayout, known: readonly string[]): string =>
  `SELECT k, count(DISTINCT n) AS n FROM (SELECT n, unnest(CASE WHEN json_valid(j) AND json_type(j) = 'OBJECT' THEN ${others(known)} END) AS k FROM ${records(layout)}) GROUP BY k ORDER BY 2 DESC, 1 LIMIT 1000`

/** Why a record is broken, and the column where it is one. */
export function reasonOf({ columns, known }: JsonLayout): string {
  const types = columns.map(({ type }, i) => `WHEN ${wrong(i)} THEN ${text(`is not of type ${typeName(type)}`)}`)
  const other = known
    ? `WHEN ${hasOther(known)} THEN concat('has the key ''', ${others(known)}[1], ''', which no column has')`
    : ''
  return `CASE WHEN NOT coalesce(json_valid(j), FALSE) THEN 'is no JSON' WHEN NOT ok THEN 'is no object' WHEN ${isTwice(columns)} THEN concat('has the key ''', ${firstTwice(columns)}, ''' more than once') ${types.join(' ')} ${other} END`
}
export const badColumn = ({ columns }: JsonLayout): string =>
  `CASE WHEN ${isTwice(columns)} THEN NULL ${columns.map(({ name }, i) => `WHEN ${wrong(i)} THEN ${text(name)}`).join(' ')} ELSE NULL END`
export const badValue = ({ columns }: JsonLayout): string =>
  `CASE WHEN ${isTwice(columns)} THEN NULL ${columns.map((_, i) => `WHEN ${wrong(i)} THEN j${i}::VARCHAR`).join(' ')} ELSE NULL END`
