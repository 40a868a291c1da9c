import { agg, bool, expr, finite, list, literal, object, oneOf, only, pairs, text, type, wrong } from './check.ts'

type Json = Readonly<Record<string, unknown>>
type Check = (json: unknown, at: string) => void

const texts: Check = (json, at) =>
  list(json, at).forEach((t, i) => {
    text(t, `${at}[${i}]`)
  })
const whole: Check = (json, at) => {
  if (!(Number.isSafeInteger(json) && (json as number) >= 0)) throw wrong(at, 'it is not a whole number')
}
const keys: Check = (json, at) =>
  list(json, at).forEach((key, i) => {
    const k = object(key, `${at}[${i}]`)
    only(k, ['by', 'descending'], `${at}[${i}]`)
    expr(k['by'], `${at}[${i}].by`)
    bool(k['descending'], `${at}[${i}].descending`)
  })
const on: Check = (json, at) => {
  pairs(json, at, text)
}
const note: Check = (json, at) => {
  const n = object(json, at)
  only(n, ['unit', 'description', 'tags'], at)
  for (const field of ['unit', 'description']) if (n[field] !== undefined) text(n[field], `${at}.${field}`)
  if (n['tags'] !== undefined) texts(n['tags'], `${at}.tags`)
}
const frame: Check = (json, at) => {
  const f = object(json, at)
  only(f, ['unit', 'from', 'to'], at)
  oneOf(f['unit'], ['rows', 'range'], `${at}.unit`)
  for (const end of ['from', 'to']) if (f[end] !== null) finite(f[end], `${at}.${end}`)
}
const windowCall: Check = (json, at) => {
  const c = object(json, at)
  only(c, ['fn', 'arg', 'offset', 'frame', 'agg'], at)
  const fn = oneOf(c['fn'], ['rowNumber', 'rank', 'denseRank', 'lag', 'lead', 'first', 'last', 'aggregate'], `${at}.fn`)
  if (fn === 'lag' || fn === 'lead') {
    expr(c['arg'], `${at}.arg`)
    whole(c['offset'], `${at}.offset`)
  } else if (fn === 'first' || fn === 'last') {
    expr(c['arg'], `${at}.arg`)
    frame(c['frame'], `${at}.frame`)
  } else if (fn === 'aggregate') {
    agg(c['agg'], `${at}.agg`)
    frame(c['frame'], `${at}.frame`)
  }
}
export const schema: Check = (json, at) =>
  list(json, at).forEach((field, i) => {
    const f = object(field, `${at}[${i}]`)
    only(f, ['name', 'type', 'nullable', 'unit', 'description', 'tags'], `${at}[${i}]`)
    text(f['name'], `${at}[${i}].name`)
    type(f['type'], `${at}[${i}].type`)
    bool(f['nullable'], `${at}[${i}].nullable`)
    const { name: _, type: __, nullable: ___, ...rest } = f
    note(rest, `${at}[${i}]`)
  })
const CSV = ['kind', 'file', 'delimiter', 'blank', 'cells', 'lineEnd', 'parallel', 'places']
const from: Check = (json, at) => {
  const f = object(json, at)
  const kind = oneOf(f['kind'], ['source', 'step', 'new', 'old', 'parquet', 'csv', 'rows', 'record'], `${at}.kind`)
  only(f, kind === 'csv' ? CSV : ['kind', 'name', 'files', 'rows'], at)
  if (kind === 'source' || kind === 'step' || kind === 'new' || kind === 'old') text(f['name'], `${at}.name`)
  if (kind === 'csv') {
    text(f['file'], `${at}.file`)
    text(f['delimiter'], `${at}.delimiter`)
    whole(f['blank'], `${at}.blank`)
    whole(f['cells'], `${at}.cells`)
    oneOf(f['lineEnd'], ['\n', '\r\n'], `${at}.lineEnd`)
    bool(f['parallel'], `${at}.parallel`)
    times(whole)(f['places'], `${at}.places`)
  }
  if (kind === 'parquet') texts(f['files'], `${at}.files`)
  if (kind === 'rows') list(f['rows'], `${at}.rows`)
}
const times =
  (check: (json: unknown, at: string) => void): Check =>
  (json, at) => {
    pairs(json, at, check)
  }

/** The fields of each kind of node beside its inputs. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  scan: { from, schema },
  filter: { predicate: expr },
  reject: { predicate: expr, reason: text, when: (json, at) => oneOf(json, ['always', 'training'], at) },
  select: { columns: times(expr) },
  derive: { columns: times(expr) },
  aggregate: { by: texts, aggs: times(agg) },
  join: { on, how: (json, at) => oneOf(json, ['inner', 'left', 'semi', 'anti'], at) },
  asof: { by: on, at: text, on: text },
  rolling: { by: texts, on: text, over: whole, aggs: times(agg) },
  distinct: {},
  sort: { keys },
  limit: { count: whole },
  union: {},
  intersect: {},
  except: {},
  window: { by: texts, order: keys, columns: times(windowCall) },
  unnest: { column: text, keepEmpty: bool },
  annotate: { notes: times(note) },
}
const OPTIONAL: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  asof: { within: whole },
  unnest: { position: text },
}

/** The names of a node's inputs. */
export function inputNames(op: string): readonly string[] {
  if (op === 'scan') return []
  return ['join', 'asof', 'union', 'intersect', 'except'].includes(op) ? ['left', 'right'] : ['input']
}

/** A node's own fields; its inputs are checked where they stand. */
export function checkNode(json: unknown, at: string): Json {
  const n = object(json, at)
  const op = oneOf(n['op'], Object.keys(FIELDS), `${at}.op`)
  const fields = FIELDS[op] ?? {}
  const optional = OPTIONAL[op] ?? {}
  only(n, ['op', 'schema', ...inputNames(op), ...Object.keys(fields), ...Object.keys(optional)], at)
  for (const [name, check] of Object.entries(fields)) {
    if (!Object.hasOwn(n, name)) throw wrong(at, `a ${op} needs '${name}'`)
    check(n[name], `${at}.${name}`)
  }
  for (const [name, check] of Object.entries(optional)) if (n[name] !== undefined) check(n[name], `${at}.${name}`)
  if (op === 'scan') checkRows(n, at)
  return n
}

function checkRows(n: Json, at: string): void {
  const { rows } = n['from'] as { rows?: readonly unknown[] }
  const fields = n['schema'] as readonly { name: string; type: unknown; nullable: boolean }[]
  rows?.forEach((row, i) => {
    const values = list(row, `${at}.from.rows[${i}]`)
    if (values.length !== fields.length)
      throw wrong(`${at}.from.rows[${i}]`, `it has ${values.length} values for ${fields.length} columns`)
    values.forEach((v, j) => {
      const field = fields[j]
      literal(v, field?.type, `${at}.from.rows[${i}][${j}]`)
      if (v === null && !field?.nullable) throw wrong(`${at}.from.rows[${i}][${j}]`, `'${field?.name}' is never null`)
    })
  })
}
