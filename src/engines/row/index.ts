import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Node, Plan } from '../../plan/nodes.ts'
import { nodeChildren } from '../../plan/nodes.ts'
import { nodes } from '../../plan/walk.ts'
import { batchOf } from '../batch.ts'
import { compileExpr, type Tuple } from '../closures.ts'
import type { Engine, Gap, Prepared } from '../engine.ts'
import { keyOf, literalValue } from '../values.ts'

export { compileOnline, type OnlineProgram } from './program.ts'

const TAKES: ReadonlySet<Node['op']> = new Set(['scan', 'filter', 'reject', 'select', 'derive', 'distinct', 'union'])

/**
 * The online engine: one record at a time, in the process that serves. As a batch engine it takes the row-wise verbs
 * over literal rows; whole plans with windows and joins go through `compileOnline`, which keeps their state.
 */
export function createRowEngine(): Engine {
  return {
    name: 'row',
    prepare(plan: Plan): Prepared | readonly Gap[] {
      const gaps = [...nodes(plan.root)].flatMap((n): Gap[] => {
        if (!TAKES.has(n.op)) return [{ node: n.op, reason: 'it needs more than one row at a time' }]
        if (n.op === 'scan' && n.from.kind !== 'rows')
          return [{ node: n.op, reason: 'the row engine reads literal rows and records' }]
        return []
      })
      if (gaps.length > 0) return gaps
      return {
        estimate: (stats) => ({ rows: stats.rows, bytes: stats.bytes, moved: 0 }),
        explain: () => 'one closure a column, row by row',
        async run(ctx, sink) {
          if (sink !== 'batches')
            throw new GalleyError('ENGINE_GAP', { what: 'the row engine writes no files', fix: "ask for 'batches'" })
          throwIfAborted(ctx.signal)
          const rows = [...rowsOf(plan.root)]
          const { schema } = plan.root
          const records = rows.map((row) => Object.fromEntries(schema.map((f, i) => [f.name, row[i] ?? null])))
          return {
            place: 'host',
            schema,
            rows: rows.length,
            async *batches(columns) {
              yield batchOf(columns ? schema.filter((f) => columns.includes(f.name)) : schema, records)
            },
            close: () => {},
          }
        },
      }
    },
    close: async () => {},
  }
}

/** The rows of a row-wise plan, one at a time. */
function* rowsOf(n: Node): Generator<Tuple> {
  const [input, second] = nodeChildren(n)
  const schema = input?.schema ?? []
  switch (n.op) {
    case 'scan':
      if (n.from.kind === 'rows')
        for (const row of n.from.rows) yield n.schema.map((f, i) => literalValue(row[i] ?? null, f.type))
      return
    case 'filter':
    case 'reject': {
      const predicate = compileExpr(n.predicate, schema)
      for (const row of rowsOf(n.input)) if ((predicate(row) === true) === (n.op === 'filter')) yield row
      return
    }
    case 'select':
    case 'derive': {
      const computed = new Map(n.columns.map(([name, e]) => [name, compileExpr(e, schema)]))
      const columns = n.schema.map((f) => computed.get(f.name) ?? compileExpr({ op: 'col', name: f.name }, schema))
      for (const row of rowsOf(n.input)) yield columns.map((c) => c(row))
      return
    }
    case 'distinct': {
      const seen = new Set<string>()
      for (const row of rowsOf(n.input)) {
        const key = keyOf(row)
        if (!seen.has(key)) yield row
        seen.add(key)
      }
      return
    }
    default:
      if (input) yield* rowsOf(input)
      if (second) yield* rowsOf(second)
  }
}
