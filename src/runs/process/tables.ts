import { createWriteStream } from 'node:fs'
import { lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GalleyError } from '../../base/errors.ts'
import { resolveSecret } from '../../base/secrets.ts'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import { connector } from '../../data/connectors/index.ts'
import { csvText, jsonLines } from '../../data/datasets/read/texts.ts'
import { runPlan } from '../../engines/plans.ts'
import type { Columns } from '../../plan/columns/kinds.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { type Schema, typeName } from '../../plan/types.ts'
import { opaqueSchema } from '../inline.ts'
import type { Output, StepContext } from '../kind.ts'
import type { ProcessSpec } from '../specs.ts'

interface Stored extends Output {
  readonly files: readonly string[]
  readonly schema: Schema
  readonly rows: number
}

/** The tables that a process reads, as it is told of them: files in its format, columns, rows. Parquet is read where it lies. */
export async function tablesFor(ctx: StepContext<ProcessSpec>, folder: string): Promise<Record<string, unknown>> {
  const { tables, format } = ctx.step.spec
  await mkdir(folder, { recursive: true })
  const told: Record<string, unknown> = {}
  for (const [name, step] of Object.entries(tables)) {
    const { files, schema, rows } = ctx.input<Stored>(step)
    const columns = schema.map((f) => ({ name: f.name, type: typeName(f.type) }))
    told[name] = { format, files: format === 'parquet' ? files : [await written(ctx, { files, schema }, join(folder, `${name}.${format === 'json' ? 'jsonl' : format}`))], columns, rows } // biome-ignore format: one line
  }
  return told
}

async function written(
  ctx: StepContext<ProcessSpec>,
  { files, schema }: Pick<Stored, 'files' | 'schema'>,
  path: string,
): Promise<string> {
  const scan = build({ op: 'scan', from: { kind: 'parquet', files }, schema })
  const relation = await runPlan(ctx, scan, 'batches')
  const text = ctx.step.spec.format === 'csv' ? csvText(relation, false) : jsonLines(relation)
  await pipeline(Readable.from(text), createWriteStream(path))
  return path
}

/** The rows that a process wrote, with exactly the columns that are declared, as Parquet files in a folder. @throws STEP_FAILED */
export async function rowsFrom(ctx: StepContext<ProcessSpec>, path: string, folder: string): Promise<Node> {
  const { id, spec } = ctx.step
  const columns = spec.gives as Columns
  // a link would have a file read that the program itself may not see: one within a container chooses what it leads to on this machine
  const size = await lstat(path).then((info) => (info.isFile() ? info.size : undefined), () => undefined) // biome-ignore format: one line
  if (size === undefined)
    throw new GalleyError('STEP_FAILED', {
      what: `the program of '${id}' left no rows`,
      why: 'it ended well, and the file that it was to write is not there, or is a link or a folder',
      fix: `write the rows to the file named by "rows" in $GALLEY_STEP, as ${spec.format}; none is an empty file`,
    })
  const schema = opaqueSchema(ctx.step)
  if (size === 0) return build({ op: 'scan', from: { kind: 'rows', rows: [] }, schema })
  const source = { connector: spec.format, path, columns, options: {} } satisfies SourceSpec
  await mkdir(folder, { recursive: true })
  try {
    const reader = await connector(spec.format)
    const { files, from } = await ctx.duckdb.session(ctx, (query) =>
      reader.snapshot(source, path, {
        ...{ scope: ctx.scope, signal: ctx.signal, query, secret: resolveSecret, progress: () => {} },
        keep: async (name) => join(folder, name),
      }),
    )
    return build({ op: 'scan', from: from ?? { kind: 'parquet', files }, schema })
  } catch (thrown) {
    if (!(thrown instanceof GalleyError && (thrown.code.startsWith('SOURCE_') || thrown.code.startsWith('PLAN_'))))
      throw thrown
    throw new GalleyError('STEP_FAILED', {
      what: `the rows of the program of '${id}' are not what is declared`,
      why: [thrown.what, thrown.why].filter(Boolean).join(': '),
      fix: `write columns ${schema.map((f) => `${f.name} (${typeName(f.type)})`).join(', ')}, or declare what it writes`,
      cause: thrown,
    })
  }
}
