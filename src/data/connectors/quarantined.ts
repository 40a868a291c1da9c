import { GalleyError } from '../../base/errors.ts'
import type { ConnectorContext, SourceSnapshot, SourceSpec } from './connector.ts'
import { limitOf } from './limit.ts'
import { type Cells, type TypedColumn, writeRows } from './rows.ts'

/** Rows whose values have to be held to declared types. */
export interface TypedRows<V> {
  /** As recipes call the connector. */
  readonly kind: string
  readonly path: string
  readonly columns: readonly TypedColumn[]
  readonly rows: Iterable<readonly V[]> | AsyncIterable<readonly V[]>
  /** A value that is not null as its type's text, or why it is not of the type. */
  cell(value: NonNullable<V>, type: TypedColumn['type']): { readonly text: string } | { readonly wrong: string }
  readonly spec: SourceSpec
}

interface Broken {
  readonly row: number
  readonly reason: string
  readonly column: string
  readonly value: string
  readonly cells: string
}

/** Broken rows that are held in memory; beyond, the load stops. */
const MOST_HELD = 1_000_000

/**
 * Writes rows as Parquet. One with a value that is not of its type stops the load and is named, or, with `broken: 'skip'`, is left out, counted
 * and kept. @throws SOURCE_BROKEN
 */
export async function readTyped<V>(
  t: TypedRows<V>,
  ctx: ConnectorContext,
): Promise<Pick<SourceSnapshot, 'files' | 'rows' | 'rejected' | 'quarantine'>> {
  const { columns, spec } = t
  const skip = spec.options['broken'] === 'skip'
  const broken: Broken[] = []
  let n = 0
  async function* good(): AsyncGenerator<Cells> {
    for await (const values of t.rows) {
      n++
      const cells: (string | null)[] = []
      let bad: Broken | undefined
      for (const [i, { name, type }] of columns.entries()) {
        const value = values[i]
        if (value === null || value === undefined) cells.push(null)
        else {
          const cell = t.cell(value, type)
          if ('text' in cell) cells.push(cell.text)
          else {
            bad = {
              row: n,
              reason: cell.wrong,
              column: name,
              value: shown(value),
              cells: JSON.stringify(values.map(shown)),
            }
            break
          }
        }
      }
      if (!bad) yield cells
      else if (skip && broken.length < MOST_HELD) broken.push(bad)
      else throw brokenRow(t, bad)
    }
  }
  const target = await ctx.keep('data.parquet')
  const rows = await writeRows(good(), columns, target, ctx)
  const [first] = broken
  if (!first) return { files: [target], rows, rejected: {} }
  if (rows === 0 || limitOf(spec.options['mostBroken'])(broken.length, n)) throw brokenRow(t, first, broken.length, n)
  const aside = await ctx.keep('rejected.parquet')
  const kept = broken.map((b) => [String(b.row), b.reason, b.column, b.value, b.cells])
  await writeRows(kept, QUARANTINE, aside, ctx)
  const rejected: Record<string, number> = {}
  for (const b of broken) {
    const reason = `broken row (${b.reason})`
    rejected[reason] = (rejected[reason] ?? 0) + 1
  }
  return { files: [target], rows, rejected, quarantine: aside }
}

const QUARANTINE: readonly TypedColumn[] = [
  { name: 'record', type: 'int64' },
  { name: 'reason', type: 'string' },
  { name: 'column', type: 'string' },
  { name: 'value', type: 'string' },
  { name: 'row', type: 'string' },
]

const shown = (value: unknown): string =>
  value instanceof Uint8Array ? `${value.length} bytes` : value === null ? 'null' : String(value)

function brokenRow<V>(t: TypedRows<V>, b: Broken, count = 1, all = 1): GalleyError {
  return new GalleyError('SOURCE_BROKEN', {
    what:
      count > 1
        ? `${count} of ${all} rows of ${t.path} are broken, the first is row ${b.row}`
        : `row ${b.row} of ${t.path} is broken`,
    why: `column '${b.column}' is ${JSON.stringify(b.value.slice(0, 120))}, which ${b.reason}`,
    fix: `correct it, declare the column as what it is, or leave such rows out with ${t.kind}(…, { broken: 'skip' }): they are counted, and kept with their reasons`,
    details: { row: b.row, column: b.column, count },
  })
}
