import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { type Column, copyFloat64 } from '../../engines/batch.ts'
import { quote, sqlType, text } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import type { Relation } from '../../engines/engine.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import type { StepContext } from '../../runs/kind.ts'
import type { LearnSpec } from '../../runs/specs.ts'
import type { Assigner, OutputColumn } from './learner.ts'
import type { PairsLearnt } from './pairs.ts'

/** Rows as one Parquet file, and a folder for what is made of them. */
export interface Source {
  readonly file: string
  readonly schema: Schema
  readonly rows: number
  readonly folder: string
}

const SQL: Readonly<Record<OutputColumn['type'], string>> = { int32: 'INTEGER', float64: 'DOUBLE', bool: 'BOOLEAN' }

/** The rows of a file, each with what the model says of it. What is not computed does not pass through JavaScript. */
export async function withOutputs(
  ctx: StepContext<LearnSpec>,
  { file, schema, folder }: Source,
  rows: Relation,
  assigner: Assigner,
): Promise<Node> {
  const [said, made] = [join(folder, 'said.csv'), join(folder, 'made.parquet')]
  await pipeline(Readable.from(lines(ctx.signal, rows, assigner)), createWriteStream(said))
  const columns = assigner.outputs.map((o) => `${text(o.name)}: ${text(SQL[o.type])}`).join(', ')
  const names = assigner.outputs.map((o) => `s.${quote(o.name)}`).join(', ')
  // one thread reads the lines in their order
  const read = `read_csv(${text(said)}, header = false, delim = ',', quote = '', escape = '', nullstr = '', auto_detect = false, parallel = false, columns = {${columns}})` // biome-ignore format: one line
  await ctx.duckdb.session(ctx, (query) =>
    query(
      `COPY (SELECT r.*, ${names} FROM read_parquet(${text(file)}) r POSITIONAL JOIN ${read} s) ${toParquet(made)}`,
    ),
  )
  const more = assigner.outputs.map(({ name, type }) => ({ name, type, nullable: true }))
  return build({ op: 'scan', from: { kind: 'parquet', files: [made] }, schema: [...schema, ...more] })
}

/** Rows of a table that was learnt, which has the columns of the step; `by` is the function that declares them. */
export async function tableOf(
  ctx: StepContext<{ readonly schema: Schema }>,
  folder: string,
  { columns, rows }: Pick<PairsLearnt, 'columns' | 'rows'>,
  by: string,
): Promise<Node> {
  const { schema } = ctx.step.spec
  if (columns.join() !== schema.map((f) => f.name).join())
    throw new GalleyError('RECIPE_INVALID', {
      what: `${by} gives ${columns.join(', ')}, and the recipe says ${schema.map((f) => f.name).join(', ')}`,
      fix: 'declare the step with the function of the learner',
    })
  const [said, made] = [join(folder, 'said.jsonl'), join(folder, 'made.parquet')]
  await pipeline(Readable.from(jsonLines(ctx.signal, columns, rows)), createWriteStream(said))
  const types = schema.map((f) => `${text(f.name)}: ${text(sqlType(f.type))}`).join(', ')
  const read = `read_json(${text(said)}, format = 'newline_delimited', auto_detect = false, columns = {${types}})`
  await ctx.duckdb.session(ctx, (query) => query(`COPY (SELECT * FROM ${read}) ${toParquet(made)}`))
  return build({ op: 'scan', from: { kind: 'parquet', files: [made] }, schema })
}

async function* jsonLines(signal: AbortSignal, columns: readonly string[], rows: PairsLearnt['rows']) {
  let [piece, count] = ['', 0]
  for (const row of rows) {
    const record = Object.fromEntries(columns.map((name, i) => [name, row[i]]))
    piece += `${JSON.stringify(record, (_, v) => (typeof v === 'bigint' ? String(v) : v))}\n`
    if (++count % 4096 !== 0) continue
    throwIfAborted(signal)
    yield piece
    piece = ''
    await nextTurn()
  }
  yield piece
}

/** A line a row of what the model says. */
async function* lines(signal: AbortSignal, rows: Relation, assigner: Assigner): AsyncGenerator<string> {
  const { inputs, outputs } = assigner
  const isBool = outputs.map((o) => o.type === 'bool')
  for await (const batch of rows.batches(inputs)) {
    throwIfAborted(signal)
    const place = new Map(batch.schema.map((f, i) => [f.name, i]))
    const columns = inputs.map((name) => {
      const values = new Float64Array(batch.rows)
      copyFloat64(batch.columns[place.get(name) as number] as Column, values, 0)
      return values
    })
    const out = outputs.map(() => new Float64Array(batch.rows))
    assigner.many(columns, batch.rows, out)
    let piece = ''
    for (let i = 0; i < batch.rows; i++) {
      for (let o = 0; o < out.length; o++) {
        const v = (out[o] as Float64Array)[i] as number
        if (o > 0) piece += ','
        if (!Number.isNaN(v)) piece += isBool[o] ? v !== 0 : v
      }
      piece += '\n'
    }
    yield piece
    await nextTurn()
  }
}
