import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import { ownValue } from '../../base/own.ts'
import { file, quote, sqlType } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import { parseType, type TypeName, typeName } from '../../plan/types.ts'
import type { Connector, ConnectorContext, SourceSpec } from './connector.ts'
import { checkFolderOptions } from './folder.ts'
import { textSource } from './limit.ts'
import { parquetConnector } from './parquet.ts'
import { type FoundBatch, idOf, type PushedBatches, requireBatch } from './push/pushed.ts'
import type { UnknownPolicy } from './unknown.ts'

export interface PushOptions {
  /**
   * How many broken rows refuse a batch: a number, or a share of its rows such as `0.5%`. Broken rows are set aside and counted;
   * a batch of which every row is broken is refused in any case.
   */
  readonly mostBroken?: number | `${number}%`
  /**
   * What becomes of a batch with columns (keys, in JSON) that the source has not: it is refused (`stop`, the default), is taken in without them and
   * the answer counts them (`evolve`), or its rows that have such keys are set aside (`quarantine`).
   */
  readonly onSchemaChange?: UnknownPolicy
}

const NAME = /^[a-z][a-z0-9-]{0,62}$/

/**
 * A source that programs push batches of rows to: `POST /v1/sources/NAME/batches`, or `galley push NAME FILE`. It is made known
 * when a recipe that has it runs, or by `galley sources open RECIPE`; a run reads the batches that came since the last one.
 * @throws RECIPE_INVALID
 */
export function push<const S extends Record<string, TypeName>>(
  name: string,
  columns: S,
  options: PushOptions = {},
): SourceSpec<S> {
  if (!NAME.test(name))
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${name}' can't be the name of a push source`,
      why: 'names are lower-case letters, digits and dashes, beginning with a letter, 63 at most',
      fix: 'choose such a name, for instance orders',
    })
  // broken rows are always set aside: a limit of them needs no word of it
  checkFolderOptions('push', options.onSchemaChange === undefined ? {} : { onSchemaChange: options.onSchemaChange })
  return textSource('push', name, columns, { ...options, broken: 'skip' }, ['broken', 'mostBroken', 'onSchemaChange'])
}

const batchesOf = (pushed: PushedBatches | undefined): PushedBatches => {
  if (pushed) return pushed
  throw new GalleyError('RECIPE_INVALID', {
    what: 'a push source is not read here',
    why: 'its batches are in a store, and none is open',
    fix: 'run the recipe; galley sources batches NAME lists what was pushed',
  })
}

const unopened = (name: string): GalleyError =>
  new GalleyError('SOURCE_MISSING', {
    what: `nothing can be pushed to '${name}' yet`,
    why: 'no recipe that declares it has run on this data folder',
    fix: 'run the recipe, or make the source known: galley sources open RECIPE',
  })

export const pushConnector: Connector = {
  kind: 'push',
  where: 'name',
  open: (spec, name, ctx) => batchesOf(ctx.pushed).open(name, spec),
  async fingerprint(_, name, ctx) {
    const state = await batchesOf(ctx.pushed).state(name)
    // numbers are given in the order of the commits, and batches do not change
    return { hash: hashJson(['push', name, state?.batches ?? 0]), bytes: state?.bytes ?? 0 }
  },
  async *parts(_, name, ctx) {
    const pushed = batchesOf(ctx.pushed)
    if (await pushed.state(name))
      for await (const { number, hash, bytes } of pushed.from(name, 0))
        yield { id: idOf(number), identity: hash, bytes }
  },
  async discover(name, rows, ctx) {
    const pushed = batchesOf(ctx.pushed)
    const state = await pushed.state(name)
    if (!state) throw unopened(name)
    for await (const { files } of pushed.from(name, 0)) {
      const [data] = files
      if (data === undefined) continue
      const found = await parquetConnector.discover(data.path, rows, ctx)
      const columns = found.columns.map((c) => {
        const type = ownValue(state.types, c.name) ?? c.type
        return { ...c, type, evidence: `taken in as ${typeName(parseType(type))}` }
      })
      return { ...found, columns, connector: 'push', broken: 0, whole: false }
    }
    throw new GalleyError('SOURCE_BROKEN', {
      what: `nothing was pushed to '${name}' yet`,
      why: 'it is known, and has no batch',
      fix: `push one: galley push ${name} FILE`,
    })
  },
  async snapshot(spec, name, ctx) {
    const pushed = batchesOf(ctx.pushed)
    const state = await pushed.state(name)
    if (!state) throw unopened(name)
    const unknown = Object.keys(spec.columns).filter((column) => !Object.hasOwn(state.types, column))
    const wrong = retyped(spec, state.types, name)
    if (unknown[0] !== undefined && state.batches > 0) throw unknownOf(unknown[0], state.types, name)
    if (wrong) throw wrong
    const batches = await found(pushed, name, ctx)
    const target = await ctx.keep('data.parquet')
    const rows = await copied(batches, spec, target, ctx)
    const quarantine = await setAside(batches, ctx)
    const rejected: Record<string, number> = {}
    for (const b of batches)
      for (const [reason, n] of Object.entries(b.rejected)) rejected[reason] = (rejected[reason] ?? 0) + n
    return {
      files: [target],
      schema: Object.entries<TypeName>(spec.columns).map(([column, type]) => ({
        ...{ name: column, type: parseType(type), nullable: true },
      })),
      ...{ rows, rejected, bytes: batches.reduce((n, b) => n + b.bytes, 0) },
      hash: hashJson(batches.map((b) => b.hash)),
      ...(quarantine ? { quarantine } : {}),
    }
  },
}

type Types = Readonly<Record<string, TypeName>>

const unknownOf = (column: string, types: Types, name: string): GalleyError =>
  new GalleyError('PLAN_UNKNOWN_COLUMN', {
    what: `there is no column '${column}' in what was pushed to '${name}'`,
    why: `it has ${Object.keys(types).join(', ')}`,
    fix: `declare one of ${Object.keys(types).join(', ')}, or open the source with the new column: galley sources open RECIPE`,
    details: { column },
  })

/** The error for a column that batches were taken in with as another type, if there is one. */
function retyped(spec: SourceSpec, types: Types, name: string): GalleyError | undefined {
  for (const [column, type] of Object.entries<TypeName>(spec.columns)) {
    const [wants, has] = [typeName(parseType(type)), typeName(parseType(ownValue(types, column) ?? type))]
    if (has !== wants)
      return new GalleyError('SOURCE_SCHEMA', {
        what: `column '${column}' of '${name}' is ${has}, the recipe says ${wants}`,
        why: 'batches were taken in as it was declared before',
        fix: 'declare it as it was, or name the new column otherwise',
        details: { column, has, wants },
      })
  }
  return undefined
}

/** The batches that are to be read, in order. */
async function found(pushed: PushedBatches, name: string, ctx: ConnectorContext): Promise<FoundBatch[]> {
  const wanted = new Set((ctx.parts ?? []).map((p) => p.id))
  const batches: FoundBatch[] = []
  const first = Math.min(...[...wanted].map(Number))
  if (wanted.size > 0)
    for await (const batch of pushed.from(name, first - 1)) {
      if (wanted.delete(idOf(batch.number))) {
        await requireBatch(name, batch)
        batches.push(batch)
      }
      if (wanted.size === 0) break
    }
  return batches
}

/** Batches that one statement reads. */
const AT_ONCE = 500

/** Writes the rows of the batches, in their order, as one file; a column that a batch has not is null. Gives the rows. */
async function copied(
  batches: readonly FoundBatch[],
  spec: SourceSpec,
  target: string,
  ctx: ConnectorContext,
): Promise<number> {
  const entries = Object.entries<TypeName>(spec.columns).map(
    ([name, type]) => [name, sqlType(parseType(type))] as const,
  )
  const files = batches.flatMap((b) => (b.files[0] ? [b.files[0].path] : []))
  const selects: string[] = []
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const from = `read_parquet([${files
      .slice(at, at + AT_ONCE)
      .map(file)
      .join(', ')}], union_by_name = true, hive_partitioning = false)`
    const has = new Set((await ctx.query(`DESCRIBE SELECT * FROM ${from}`)).map((c) => String(c['column_name'])))
    const cells = entries.map(
      ([name, sql]) => `${has.has(name) ? `${quote(name)}::${sql}` : `NULL::${sql}`} AS ${quote(name)}`,
    )
    selects.push(`SELECT ${cells.join(', ')} FROM ${from}`)
  }
  const none = `SELECT ${entries.map(([name, sql]) => `NULL::${sql} AS ${quote(name)}`).join(', ')} WHERE FALSE`
  const [written] = await ctx.query(`COPY (${selects.join(' UNION ALL ') || none}) ${toParquet(target)}`)
  return Number(written?.['Count'] ?? 0)
}

/** The broken rows of the batches, each with the number of its batch; undefined where there are none. */
async function setAside(batches: readonly FoundBatch[], ctx: ConnectorContext): Promise<string | undefined> {
  const rows = batches.flatMap(({ number, files }) => {
    const aside = files[1]
    const columns =
      'reason::VARCHAR AS reason, "column"::VARCHAR AS "column", value::VARCHAR AS value, "row"::VARCHAR AS "row"'
    return aside
      ? [`SELECT ${number} AS batch, ${columns} FROM read_parquet(${file(aside.path)}, hive_partitioning = false)`]
      : []
  })
  if (rows.length === 0) return undefined
  const target = await ctx.keep('rejected.parquet')
  await ctx.query(`COPY (${rows.join(' UNION ALL ')}) ${toParquet(target)}`)
  return target
}
