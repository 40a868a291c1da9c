import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { resolveSecret } from '../../base/secrets.ts'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import { headerFrom, type KeptHeader } from '../../data/connectors/csv/header.ts'
import { endsOpen } from '../../data/connectors/csv/lines.ts'
import { connector } from '../../data/connectors/index.ts'
import { publishFolder } from '../../data/datasets/files.ts'
import { valueAt } from '../../engines/batch.ts'
import { file } from '../../engines/duckdb/sql/names.ts'
import { type Engines, runPlan } from '../../engines/plans.ts'
import { build } from '../../plan/nodes.ts'

/** What of a source can be read again row by row, by connector: its texts are kept as the file had them. */
const LINES: Readonly<Record<string, string>> = { csv: 'rows.csv', json: 'rows.jsonl' }

/** A source that reads one file as a folder, or a store, has each of its files read; another source is that itself. */
const ofOne = (spec: SourceSpec): SourceSpec =>
  spec.connector === 'folder' || spec.connector === 's3'
    ? { ...spec, connector: String(spec.options['of']), options: spec.options['files'] as SourceSpec['options'] }
    : spec

/** @throws RECIPE_INVALID for a source whose rows are not kept as text */
export function requireLines(id: string, spec: SourceSpec): string {
  const { connector: kind } = ofOne(spec)
  const name = Object.hasOwn(LINES, kind) ? LINES[kind] : undefined
  if (name !== undefined) return name
  if (spec.connector === 'push')
    throw new GalleyError('RECIPE_INVALID', {
      what: `rows of '${id}' can't be read again by themselves`,
      why: 'they were pushed: a batch is read when it comes, by what the source was declared as then',
      fix: `correct them and push them as a new batch, under another key: galley datasets rejected ${id} --json prints them, galley push ${spec.path} FILE takes them in`,
    })
  throw new GalleyError('RECIPE_INVALID', {
    what: `rows of '${id}' can't be read again by themselves`,
    why: `it is read by ${spec.connector}${kind === spec.connector ? '' : ` of ${kind}`}, and rows that were set aside are kept as they stood in the file for ${Object.keys(LINES).join(' and ')} only, and folders and objects of these`,
    fix: 'run the recipe: it reads the source again',
  })
}

/** Rows that were set aside, and where they are put to be read again. */
interface RowsAside {
  readonly aside: string
  readonly name: string
  readonly draft: string
  readonly target: string
}

/**
 * Writes rows that were set aside as a file of their kind, under `target`; one that is there is taken. Gives the source that reads
 * it by the recipe's rules: what is broken still is set aside again. Undefined where whole files alone were set aside.
 * @throws RECIPE_INVALID where what cells of these rows are is not the same for all
 */
export async function sourceOfRows(
  ctx: Engines,
  given: SourceSpec,
  { aside, name, draft, target }: RowsAside,
): Promise<SourceSpec | undefined> {
  await mkdir(draft, { recursive: true })
  const spec = ofOne(given)
  // of JSON, the records alone are kept, not what they lay within
  const { encoding: _, mostBroken: __, at: ___, ...own } = spec.options
  if (!(await anyRow(ctx, aside))) return undefined
  const header = spec.connector === 'csv' ? await headerOf(ctx, aside) : undefined
  const out = await open(join(draft, name), 'w')
  /** Rows of a CSV with a quote that is never closed: what followed one would be read as of it, so they come last. */
  const unclosed: string[] = []
  try {
    if (header) await out.write(`${header.cells.map(quoted).join(header.delimiter)}\n`)
    const schema = [{ name: 'row', type: 'string', nullable: true }] as const
    const relation = await runPlan(
      ctx,
      build({ op: 'scan', from: { kind: 'parquet', files: [aside] }, schema }),
      'batches',
    )
    for await (const batch of relation.batches()) {
      const [column] = batch.columns
      const lines = Array.from({ length: column ? batch.rows : 0 }, (_, i) => {
        const row = column && valueAt(column, i)
        if (row === null || row === undefined) return ''
        // between tokens of JSON a line end is a blank; within a text it stands escaped
        if (!header) return `${String(row).replace(/[\r\n]+/g, ' ')}\n`
        const line = `${String(row).replace(/\r?\n$/, '')}\n`
        if (!endsOpen(line, header.delimiter)) return line
        unclosed.push(line)
        return ''
      })
      await out.write(lines.join(''))
    }
    // the next one would close it: closed where no quote may stand, it stays aside by itself
    await out.write(unclosed.map((line, i) => (i < unclosed.length - 1 ? `${line.trimEnd()}"x\n` : line)).join(''))
  } finally {
    await out.close()
  }
  await publishFolder(draft, target)
  const options = { ...own, ...(header ? { delimiter: header.delimiter } : {}), broken: 'skip' }
  return { ...spec, path: join(target, name), options }
}

/**
 * Whether any of the rows can be read by the rules as they are: asked before a run is begun, which would fail where none can. `draft` is a
 * folder of its own that is removed. @throws what reading throws otherwise
 */
export async function anyPasses(ctx: Engines, spec: SourceSpec, draft: string): Promise<boolean> {
  await mkdir(draft, { recursive: true })
  try {
    const source = await connector(spec.connector)
    await ctx.duckdb.session(ctx, (query) =>
      source.snapshot(spec, spec.path, {
        ...{ scope: ctx.scope, signal: ctx.signal, query, secret: resolveSecret, progress: () => {} },
        keep: async (name) => join(draft, name),
      }),
    )
    return true
  } catch (error) {
    // with `skip` and no limit, this is said where every row is broken
    if (error instanceof GalleyError && error.code === 'SOURCE_BROKEN') return false
    throw error
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** Whether there is a row: of files that were set aside whole there is none. */
async function anyRow(ctx: Engines, aside: string): Promise<boolean> {
  const rows = await ctx.duckdb.session(ctx, (query) =>
    query(`SELECT 1 FROM read_parquet(${file(aside)}, hive_partitioning = false) WHERE "row" IS NOT NULL LIMIT 1`),
  )
  return rows.length > 0
}

/** The header that all of the rows stood under, in the file as it was when they were set aside. @throws RECIPE_INVALID where there are several */
async function headerOf(ctx: Engines, aside: string): Promise<KeptHeader> {
  const from = `read_parquet(${file(aside)}, hive_partitioning = false)`
  const found = await ctx.duckdb.session(ctx, async (query) => {
    const columns = (await query(`DESCRIBE SELECT * FROM ${from}`)).map((c) => c['column_name'])
    if (!columns.includes('header')) return []
    const first = columns.includes('file') ? 'min("file")' : 'NULL'
    return query(
      `SELECT header, ${first} AS f FROM ${from} WHERE header IS NOT NULL GROUP BY header ORDER BY f LIMIT 2`,
    )
  })
  const [one, other] = found
  if (!one)
    throw new GalleyError('RECIPE_INVALID', {
      what: "rows that were set aside can't be read again",
      why: 'an earlier version of Galley set them aside, which did not keep the header that says what their cells are',
      fix: 'run the recipe: it reads the source again',
    })
  if (other)
    throw new GalleyError('RECIPE_INVALID', {
      what: `rows of ${String(one['f'])} and ${String(other['f'])} can't be read again together`,
      why: 'their headers differ',
      fix: 'run the recipe: it reads the files again',
    })
  return headerFrom(String(one['header']))
}

const quoted = (cell: string): string => (/^[\w ]*$/.test(cell) ? cell : `"${cell.replaceAll('"', '""')}"`)
