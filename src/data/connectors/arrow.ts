import { readFile } from 'node:fs/promises'
import { GalleyError } from '../../base/errors.ts'
import { readIpc } from '../../engines/arrow/index.ts'
import { type Batch, valueAt } from '../../engines/batch.ts'
import { createLedger } from '../../engines/ledger.ts'
import { isDecimal, parseType, scaleOf, type Type, type TypeName, typeName } from '../../plan/types.ts'
import type { Connector, SourceSpec } from './connector.ts'
import { fingerprintFile, requireColumns, requireFile } from './files.ts'
import { type Cells, writeRows } from './rows.ts'
import { countedAll, unknownColumns } from './unknown.ts'
import { writeArrow } from './write/files.ts'

/** A file or saved stream of Arrow IPC as a source. */
export const arrow = <const S extends Record<string, TypeName>>(path: string, columns: S): SourceSpec<S> => ({
  connector: 'arrow',
  path,
  columns,
  options: {},
})

/** Bytes that are read into memory, at most. */
const MOST_BYTES = 2 ** 31 - 1
const EXAMPLES = 3

async function tableOf(path: string) {
  const { size } = await requireFile(path)
  if (size > MOST_BYTES)
    throw new GalleyError('SOURCE_BROKEN', {
      what: `${path} is too large to be read as Arrow`,
      why: `it has ${size} bytes, and is read into memory: 2 GiB at most`,
      fix: 'write it in several files and read them with folder(), or as Parquet',
    })
  try {
    return readIpc(await readFile(path), createLedger())
  } catch (cause) {
    if (!(cause instanceof GalleyError) || cause.code !== 'SOURCE_BROKEN') throw cause
    throw new GalleyError('SOURCE_BROKEN', {
      what: `${path} can't be read as Arrow`,
      why: `${cause.what}: ${cause.why}`,
      fix: 'copy or download it again, or write it again as an Arrow IPC stream or file, uncompressed',
      cause,
    })
  }
}

/** Types that a declared one takes without changing a value. */
const WIDER: Partial<Record<string, readonly string[]>> = { int64: ['int32'], float64: ['float32'] }

function checkTypes(spec: SourceSpec, schema: readonly { name: string; type: Type }[], path: string): void {
  for (const [name, given] of Object.entries<TypeName>(spec.columns)) {
    const wants = typeName(parseType(given))
    const has = typeName(schema.find((f) => f.name === name)?.type as Type)
    if (typeof parseType(given) === 'object' && !isDecimal(parseType(given)))
      throw new GalleyError('SOURCE_SCHEMA', {
        what: `column '${name}' of ${path} can't be read as a ${wants}`,
        why: 'lists and structs are not taken from Arrow files yet',
        fix: 'write it as Parquet, or leave the column out',
      })
    if (has !== wants && !(WIDER[wants] ?? []).includes(has))
      throw new GalleyError('SOURCE_SCHEMA', {
        what: `column '${name}' of ${path} is ${has}, the recipe says ${wants}`,
        why: 'a wrong type would change values silently',
        fix: `declare what it is in the recipe, and cast it there if you need a ${wants}`,
        details: { column: name, has, wants },
      })
  }
}

/** A value as the text of its type. */
function cellOf(batch: Batch, column: number, row: number): string | null {
  const from = batch.columns[column] as Batch['columns'][number]
  const value = valueAt(from, row)
  if (value === null) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (!isDecimal(from.type)) return String(value)
  const digits = String(value)
    .replace('-', '')
    .padStart(scaleOf(from.type) + 1, '0')
  const point = digits.length - scaleOf(from.type)
  return `${String(value).startsWith('-') ? '-' : ''}${digits.slice(0, point)}${point < digits.length ? `.${digits.slice(point)}` : ''}`
}

export const arrowConnector: Connector = {
  kind: 'arrow',
  where: 'path',
  write: writeArrow,
  pushes: () => ['columns'],
  fingerprint: (_, path) => fingerprintFile(path),
  async discover(path, rows) {
    const table = await tableOf(path)
    const seen = table.schema.map(() => ({ values: 0, examples: new Set<string>() }))
    let n = 0
    for (const batch of table.batches()) {
      for (let r = 0; r < batch.rows && n < rows; r++, n++)
        seen.forEach((s, c) => {
          const value = valueAt(batch.columns[c] as Batch['columns'][number], r)
          if (value === null) return
          s.values++
          if (s.examples.size < EXAMPLES) s.examples.add(cellOf(batch, c, r) ?? '')
        })
      if (n >= rows) break
    }
    const columns = table.schema.map((f, i) => {
      const s = seen[i] as (typeof seen)[number]
      const type = typeName(f.type) as TypeName
      return {
        name: f.name,
        type,
        values: s.values,
        missing: n - s.values,
        evidence: `the file says ${type}`,
        examples: [...s.examples],
      }
    })
    return { connector: 'arrow', columns, rows: n, whole: n >= table.rows, broken: 0, options: {} }
  },
  async snapshot(spec, path, ctx) {
    const { hash, bytes } = await fingerprintFile(path)
    const table = await tableOf(path)
    const existing = table.schema.map((f) => f.name)
    const unknown = unknownColumns(spec, existing, path)
    requireColumns(spec, existing, path)
    checkTypes(spec, table.schema, path)
    const columns = Object.entries<TypeName>(spec.columns).map(([name, type]) => ({ name, type: parseType(type) }))
    const places = columns.map(({ name }) =>
      ctx.wanted && !ctx.wanted.columns.includes(name) ? -1 : table.schema.findIndex((f) => f.name === name),
    )
    function* rows(): Generator<Cells> {
      for (const batch of table.batches())
        for (let r = 0; r < batch.rows; r++) yield places.map((c) => (c < 0 ? null : cellOf(batch, c, r)))
    }
    const target = await ctx.keep(`${hash.slice(0, 16)}.parquet`)
    const written = await writeRows(rows(), columns, target, ctx, table.rows)
    const unread = places.filter((c) => c < 0).length
    return {
      files: [target],
      schema: columns.map((c) => ({ ...c, nullable: true })),
      rows: written,
      bytes,
      hash,
      rejected: {},
      ...countedAll(unknown, written),
      ...(unread > 0 ? { pushed: [`${columns.length - unread} of ${columns.length} columns`] } : {}),
    }
  },
}
