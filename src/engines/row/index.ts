import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Node, Plan } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { nodes } from '../../plan/walk.ts'
import { type Batch, batchOf, type Column, type Value, valueAt } from '../batch.ts'
import type { Engine, Gap, Prepared } from '../engine.ts'
import { keyOf, literalValue } from '../values.ts'
import { compileColumns } from './columnar.ts'
import { gather } from './columns.ts'
import { isRowWise, lower } from './lower.ts'

export { compileOnline, type OnlineProgram } from './program.ts'

const TAKES: ReadonlySet<Node['op']> = new Set([
  'scan',
  'filter',
  'reject',
  'select',
  'derive',
  'distinct',
  'union',
  'annotate',
])
/** Literal rows in one batch. */
const ROWS = 8192

/** `closures`: run as where generating code from strings is disallowed. */
export interface RowEngineOptions {
  readonly closures?: boolean
  /** Tables in memory, by the name of the file that a scan reads: what a page, which has no files, fetched. */
  readonly tables?: ReadonlyMap<string, readonly Batch[]>
}

/** One source of rows and the row-wise nodes over it; what a union adds up are several. */
interface Stream {
  readonly base: Node
  readonly chain: readonly Node[]
}

/**
 * The online engine. As a batch engine it takes the row-wise verbs over literal rows, by the same compiled code that
 * answers records; whole plans with windows and joins go through `compileOnline`, which keeps their state.
 */
export function createRowEngine(options: RowEngineOptions = {}): Engine {
  return {
    name: 'row',
    prepare(plan: Plan): Prepared | readonly Gap[] {
      const gaps = [...nodes(plan.root)].flatMap((n): Gap[] => {
        if (!TAKES.has(n.op)) return [{ node: n.op, reason: 'it needs more than one row at a time' }]
        if (n.op === 'scan' && n.from.kind !== 'rows' && !tablesOf(n, options))
          return [{ node: n.op, reason: 'the row engine reads literal rows and records' }]
        return []
      })
      if (gaps.length > 0) return gaps
      const source = prepared(plan.root, options)
      const { schema } = plan.root
      return {
        estimate: (stats) => ({ rows: stats.rows, bytes: stats.bytes, moved: 0 }),
        explain: source.explain,
        async run(ctx, sink) {
          if (sink !== 'batches')
            throw new GalleyError('ENGINE_GAP', {
              what: 'the row engine gives batches alone',
              fix: "ask for 'batches'",
            })
          let rows = 0
          for (const batch of source.batches()) {
            throwIfAborted(ctx.signal)
            rows += batch.rows
          }
          return {
            place: 'host',
            schema,
            rows,
            async *batches(columns) {
              for (const batch of source.batches()) {
                throwIfAborted(ctx.signal)
                yield columns ? only(batch, columns) : batch
              }
            },
            close: () => {},
          }
        },
      }
    },
    close: async () => {},
  }
}

interface Source {
  batches(): Iterable<Batch>
  explain(): string
}

/** A union's sides run through what follows it each by itself, so that no value is used before it is needed. */
function streams(n: Node): Stream[] {
  if (n.op === 'union') return [...streams(n.left), ...streams(n.right)]
  if (!isRowWise(n) || !('input' in n)) return [{ base: n, chain: [] }]
  return streams(n.input).map(({ base, chain }) => ({ base, chain: [...chain, n] }))
}

const noModel = (name: string): never => {
  throw new GalleyError('ENGINE_GAP', {
    what: `no model '${name}' is bound`,
    why: 'predict() needs one',
    fix: 'run the plan where the model is loaded',
  })
}

function prepared(root: Node, options: RowEngineOptions): Source {
  const closures = options.closures === true
  const parts = streams(root).map(({ base, chain }) => {
    const from = base.op === 'distinct' ? distinct(prepared(base.input, options)) : rowsOf(base, options)
    const code = compileColumns(lower(chain, base.schema), { models: noModel, closures })
    return { from, code, chain }
  })
  return {
    *batches() {
      for (const { from, code } of parts)
        for (const batch of from.batches()) yield { ...code.run(batch), schema: root.schema }
    },
    explain: () =>
      parts
        .map(({ from, code, chain }) =>
          [from.explain(), chain.length > 0 ? code.source() : ''].filter(Boolean).join('\n'),
        )
        .join('\n'),
  }
}

/** The tables that a scan reads, where all of them are in memory. */
function tablesOf(n: Node, { tables }: RowEngineOptions): readonly Batch[] | undefined {
  if (n.op !== 'scan' || n.from.kind !== 'parquet') return undefined
  const found = n.from.files.map((file) => tables?.get(file))
  return found.every((batches) => batches !== undefined) ? found.flat() : undefined
}

function rowsOf(n: Node, options: RowEngineOptions): Source {
  const tables = tablesOf(n, options)
  if (tables)
    return {
      explain: () => '// tables in memory',
      *batches() {
        for (const batch of tables)
          yield {
            ...only(
              batch,
              n.schema.map((f) => f.name),
            ),
            schema: n.schema,
          }
      },
    }
  const rows = n.op === 'scan' && n.from.kind === 'rows' ? n.from.rows : []
  return {
    explain: () => `// ${rows.length} literal rows`,
    *batches() {
      for (let at = 0; at < rows.length; at += ROWS)
        yield batchOf(
          n.schema,
          rows
            .slice(at, at + ROWS)
            .map((row) => Object.fromEntries(n.schema.map((f, i) => [f.name, literalValue(row[i] ?? null, f.type)]))),
        )
    },
  }
}

/** Rows not seen before, by all their columns. */
function distinct(input: Source): Source {
  return {
    explain: () => `${input.explain()}\n// distinct rows`,
    *batches() {
      const seen = new Set<string>()
      for (const batch of input.batches()) {
        const picked: number[] = []
        for (let i = 0; i < batch.rows; i++) {
          const key = keyOf(batch.columns.map((c): Value => valueAt(c, i)))
          if (!seen.has(key)) picked.push(i)
          seen.add(key)
        }
        yield picked.length === batch.rows ? batch : pick(batch, picked)
      }
    },
  }
}

function pick(batch: Batch, picked: readonly number[]): Batch {
  const rows = Int32Array.from(picked)
  return { ...batch, rows: rows.length, columns: batch.columns.map((c) => gather(c, rows, rows.length)) }
}

function only(batch: Batch, names: readonly string[]): Batch {
  const kept = names.map((name) => batch.schema.findIndex((f) => f.name === name)).filter((i) => i >= 0)
  const schema: Schema = kept.map((i) => batch.schema[i] as Schema[number])
  return { schema, rows: batch.rows, columns: kept.map((i) => batch.columns[i] as Column) }
}
