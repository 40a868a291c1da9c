import { rm } from 'node:fs/promises'
import { GalleyError, nearest } from '../../base/errors.ts'
import { failing } from '../../engines/duckdb/sql/call.ts'
import { quote, sqlType } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import type { From } from '../../plan/nodes.ts'
import type { TypeName } from '../../plan/types.ts'
import type { Connector, ConnectorContext, SourceSnapshot, SourceSpec } from './connector.ts'
import { firstBroken, unreadable } from './csv/broken.ts'
import { discoverCsv } from './csv/discover.ts'
import { anyWrong, cellsOf, type Declared, type Layout, layoutOf, rowsOf, wrong } from './csv/layout.ts'
import { limitOf, quarantine } from './csv/quarantine.ts'
import { survey } from './csv/survey.ts'
import { type Utf8File, utf8Of } from './encoding.ts'
import { fingerprintFile, requireFile } from './files.ts'

export interface CsvOptions {
  /** Field separator; found from the file when not given. */
  readonly delimiter?: string
  /** How the text is encoded, by a name that iconv has (`cp949`, `utf-16le`); found from the file when not given. */
  readonly encoding?: string
  /** A broken row stops the load (`stop`, the default) or is left out, counted, and kept with its line and reason (`skip`). */
  readonly broken?: 'stop' | 'skip'
  /** With `skip`, how many broken rows stop the load all the same: a number, or a share of all rows such as `0.5%`. */
  readonly mostBroken?: number | `${number}%`
}

/** A CSV file with a header line as a source. */
export const csv = <const S extends Record<string, TypeName>>(
  path: string,
  columns: S,
  options: CsvOptions = {},
): SourceSpec<S> => {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (unknown !== undefined) {
    const meant = nearest(unknown, OPTIONS)
    throw new GalleyError('RECIPE_INVALID', {
      what: `csv() has no option '${unknown}'`,
      why: `its options are ${OPTIONS.join(', ')}`,
      fix: meant ? `did you mean '${meant}'?` : 'leave it out',
    })
  }
  return { connector: 'csv', path, columns, options: { ...options } }
}
const OPTIONS: readonly string[] = ['delimiter', 'encoding', 'broken', 'mostBroken']

export const csvConnector: Connector = {
  kind: 'csv',
  fingerprint: (_, path) => fingerprintFile(path),
  discover: discoverCsv,
  async snapshot(spec, path, ctx) {
    await requireFile(path)
    const utf8 = await utf8Of(
      { path, kind: 'csv', encoding: spec.options['encoding'] },
      () => ctx.keep('utf8.csv'),
      ctx.signal,
    )
    try {
      return await snapshotOf(spec, path, utf8, ctx)
    } finally {
      if (utf8.copied) await rm(utf8.path, { force: true })
    }
  },
}

async function snapshotOf(
  spec: SourceSpec,
  path: string,
  utf8: Utf8File,
  ctx: ConnectorContext,
): Promise<SourceSnapshot> {
  const layout = await layoutOf(spec, utf8.path, path)
  const [{ hash, bytes }, found] = await Promise.all([
    fingerprintFile(path),
    survey(utf8.path, layout.header, layout.columns, ctx.signal),
  ])
  const schema = layout.columns.map(({ name, type }) => ({ name, type, nullable: true }))
  const about = { schema, bytes, hash, encoding: utf8.encoding }
  if (ctx.inPlace && !utf8.copied && found?.plain.every(Boolean))
    return { files: [path], from: scanOf(layout), rows: found.rows, rejected: {}, ...about }
  const tooMany = limitOf(spec.options['mostBroken'])
  const target = await ctx.keep(`${hash.slice(0, 16)}.parquet`)
  const looked = { ...layout, plain: found?.plain ?? [] }
  const { rows, rejected } = await copied(looked, target, spec, ctx)
  const lost = Object.values(rejected).reduce((a, b) => a + b, 0)
  if (lost === 0) return { files: [target], rows, rejected, ...about }
  if (tooMany(lost, rows + lost)) throw await overLimit(looked, lost, rows + lost, spec, ctx)
  const aside = await ctx.keep('rejected.parquet')
  await quarantine(looked, aside, ctx)
  return { files: [target], rows, rejected, quarantine: aside, ...about }
}

async function overLimit(
  layout: Layout,
  lost: number,
  all: number,
  { options }: SourceSpec,
  ctx: ConnectorContext,
): Promise<GalleyError> {
  const first = await firstBroken(layout, ctx)
  return new GalleyError('SOURCE_BROKEN', {
    what: `${lost} of ${all} rows of ${layout.named} are broken, more than mostBroken: ${JSON.stringify(options['mostBroken'])} allows`,
    why: first
      ? `the first: ${first.what.replace(/, and \d+ more$/, '')}: ${first.why}`
      : 'too many rows can not be read',
    fix: 'correct the file, declare the columns as what they are, or raise the limit',
    details: { broken: lost, rows: all },
  })
}

const scanOf = ({ path, header, columns }: Layout): From => ({
  kind: 'csv',
  ...cellsOf(path, header),
  places: columns.map((c) => [c.name, c.place] as const),
})

/** Writes the rows as Parquet. @throws SOURCE_BROKEN */
async function copied(
  layout: Layout,
  target: string,
  spec: SourceSpec,
  ctx: ConnectorContext,
): Promise<Pick<SourceSnapshot, 'rows' | 'rejected'>> {
  const skip = spec.options['broken'] === 'skip'
  const copy = async (columns: string[], rows: string) => {
    const [written] = await ctx.query(`COPY (SELECT ${columns.join(', ')} FROM ${rows}) ${toParquet(target)}`)
    return Number(written?.['Count'] ?? 0)
  }
  const named = (sql: (c: Declared, i: number) => string) =>
    layout.columns.map((c, i) => `${sql(c, i)} AS ${quote(c.name)}`)
  let rows: number
  let cast = 0
  try {
    // the first value that does not convert ends this pass; most files have none
    const checked = named((c, i) =>
      layout.plain[i] ? `v${i}` : `CASE WHEN ${wrong(i)} THEN ${failing(WRONG_VALUE, sqlType(c.type))} ELSE v${i} END`,
    )
    rows = await copy(checked, rowsOf(layout, 'first'))
  } catch (cause) {
    if (!String(cause).includes(WRONG_VALUE)) throw unreadable(layout.named, cause)
    if (!skip) throw (await firstBroken(layout, ctx)) ?? cause
    rows = await copy(
      named((_, i) => `v${i}`),
      `${rowsOf(layout, 'kept')} WHERE NOT (${anyWrong(layout)})`,
    )
    const [bad] = await ctx.query(`SELECT count(*) AS n FROM ${rowsOf(layout, 'counted')} WHERE ${anyWrong(layout)}`)
    cast = Number(bad?.['n'] ?? 0)
  }
  const lost = await ctx.query(`SELECT line, error_type FROM ${cast > 0 ? 'kept' : 'first'}_errors`)
  if (lost.length > 0 && !skip) throw (await firstBroken(layout, ctx)) as GalleyError
  return { rows, rejected: reasons(lost, cast) }
}

const WRONG_VALUE = 'a value is not of its type'

/** Broken rows by reason; a row counts once, whatever is wrong with it. */
function reasons(lost: readonly Record<string, unknown>[], cast: number): Record<string, number> {
  const byLine = new Map(lost.map((b) => [String(b['line']), String(b['error_type'])]))
  const rejected: Record<string, number> = cast > 0 ? { 'broken line (cast)': cast } : {}
  for (const type of byLine.values()) {
    const reason = `broken line (${type.toLowerCase().replaceAll('_', ' ')})`
    rejected[reason] = (rejected[reason] ?? 0) + 1
  }
  return rejected
}
