import { stat } from 'node:fs/promises'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import { quote } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import { parseType, type TypeName, typeName } from '../../plan/types.ts'
import type { Connector, FoundColumn, Option, SourceSpec } from './connector.ts'
import { requireColumns } from './files.ts'
import type { ValueMaker } from './generate/makers.ts'
import { rowsOf } from './generate/sql.ts'

/** What is generated. */
export interface GenerateOptions<C> {
  readonly rows: number
  /** Another seed gives other values; 0 when not given. */
  readonly seed?: number
  /** How the values of each column are made: `{ id: values.sequence(), city: values.choice(['서울', '부산']) }`. */
  readonly columns: C
}
type TypesOf<C extends Readonly<Record<string, ValueMaker>>> = { readonly [K in keyof C]: C[K]['type'] }

/**
 * Rows for tests and demos, made by a seed: each depends on the seed and on its number alone, so that any part of them is the
 * same wherever and in whatever order it is made. The name is part of the seed.
 * @throws RECIPE_INVALID
 */
export function generate<const C extends Readonly<Record<string, ValueMaker>>>(
  name: string,
  { rows, seed = 0, columns }: GenerateOptions<C>,
): SourceSpec<TypesOf<C>> {
  if (!Number.isSafeInteger(rows) || rows < 1 || !Number.isSafeInteger(seed))
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${name}' can't be generated`,
      why: `${rows} rows by the seed ${seed}: both are whole numbers, and there is a row at least`,
      fix: 'say for instance { rows: 1_000_000, seed: 7, … }',
    })
  const types = Object.fromEntries(Object.entries(columns).map(([column, { type }]) => [column, type]))
  const options = { rows, seed, columns: columns as unknown as Option }
  return { connector: 'generate', path: name, columns: types as TypesOf<C>, options }
}

interface Generated {
  readonly rows: number
  readonly seed: number
  readonly columns: Readonly<Record<string, ValueMaker>>
}

/** Rows that are written at a time, as a file of their own. */
const AT_A_TIME = 2_000_000
const EXAMPLES = 3

function generatedBy(options: SourceSpec['options'], name: string): Generated & { name: string } {
  const { rows, columns } = options as Partial<Record<keyof Generated, unknown>>
  if (typeof rows === 'number' && typeof columns === 'object' && columns !== null)
    return { ...(options as unknown as Generated), name }
  throw new GalleyError('SOURCE_MISSING', {
    what: `nothing says how '${name}' is generated`,
    why: 'it has no rows and columns',
    fix: "declare it with generate('name', { rows, seed, columns })",
  })
}

export const generateConnector: Connector = {
  kind: 'generate',
  where: 'name',
  pushes: () => ['columns'],
  fingerprint: async (spec, name) => ({ hash: hashJson(['generate', 1, name, spec.options]), bytes: 0 }),
  async discover(name, rows, ctx) {
    const given = generatedBy(ctx.options ?? {}, name)
    const n = Math.min(rows, given.rows)
    const types = Object.entries(given.columns).map(([column, { type }]) => [column, type] as const)
    await ctx.query(`CREATE OR REPLACE TEMP TABLE looked AS ${rowsOf(given, Object.fromEntries(types), [0, n])}`)
    const columns: FoundColumn[] = []
    for (const [column, type] of types) {
      const at = quote(column)
      const [found] = await ctx.query(
        `SELECT count(${at}) AS n, (SELECT list(v) FROM (SELECT DISTINCT ${at}::VARCHAR AS v FROM looked WHERE ${at} IS NOT NULL LIMIT ${EXAMPLES})) AS examples FROM looked`,
      )
      const seen = Number(found?.['n'] ?? 0)
      const evidence = `made by values.${given.columns[column]?.make}()`
      const examples = ((found?.['examples'] as string[] | null) ?? []).map(String)
      columns.push({ name: column, type, values: seen, missing: n - seen, evidence, examples })
    }
    return { connector: 'generate', columns, rows: n, whole: n === given.rows, broken: 0, options: {} }
  },
  async snapshot(spec, name, ctx) {
    const given = generatedBy(spec.options, name)
    requireColumns(spec, Object.keys(given.columns), `what '${name}' generates`)
    const declared = Object.entries<TypeName>(spec.columns)
    for (const [column, type] of declared) {
      const [has, wants] = [typeName(parseType(given.columns[column]?.type as TypeName)), typeName(parseType(type))]
      if (has !== wants)
        throw new GalleyError('SOURCE_SCHEMA', {
          what: `column '${column}' of '${name}' is generated as ${has}, the recipe says ${wants}`,
          why: 'a wrong type would change values silently',
          fix: `declare ${has}, or make it by other values`,
          details: { column, has, wants },
        })
    }
    const files: string[] = []
    let bytes = 0
    for (let from = 0; from < given.rows; from += AT_A_TIME) {
      throwIfAborted(ctx.signal)
      const to = Math.min(given.rows, from + AT_A_TIME)
      const target = await ctx.keep(`data-${String(files.length).padStart(6, '0')}.parquet`)
      await ctx.query(`COPY (${rowsOf(given, spec.columns, [from, to], ctx.wanted?.columns)}) ${toParquet(target)}`)
      files.push(target)
      bytes += (await stat(target)).size
      ctx.progress({ done: to, total: given.rows, unit: 'rows' })
    }
    const unread = ctx.wanted ? declared.filter(([column]) => !ctx.wanted?.columns.includes(column)).length : 0
    return {
      files,
      schema: declared.map(([column, type]) => ({ name: column, type: parseType(type), nullable: true })),
      ...{ rows: given.rows, bytes, rejected: {} },
      hash: hashJson(['generate', 1, name, spec.options, declared, ctx.wanted ?? null]),
      ...(unread > 0 ? { pushed: [`${declared.length - unread} of ${declared.length} columns`] } : {}),
    }
  },
}
