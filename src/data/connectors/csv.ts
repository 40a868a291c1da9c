import { rm } from 'node:fs/promises'
import { GalleyError } from '../../base/errors.ts'
import { failing } from '../../engines/duckdb/sql/call.ts'
import { quote, sqlType } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import type { From } from '../../plan/nodes.ts'
import type { TypeName } from '../../plan/types.ts'
import type { Connector, ConnectorContext, SourceSnapshot, SourceSpec } from './connector.ts'
import { findBroken, firstBroken, unreadable } from './csv/broken.ts'
import { cleanHeader } from './csv/clean.ts'
import { discoverCsv } from './csv/discover.ts'
import { anyWrong, cellsOf, type Declared, type Layout, layoutOf, rowsOf, wrong } from './csv/layout.ts'
import { quarantine } from './csv/quarantine.ts'
import { reasonFor, UNCLOSED } from './csv/reasons.ts'
import { type Lines, survey } from './csv/survey.ts'
import { countRecords, withoutUnclosed } from './csv/unclosed.ts'
import { laterEncoding, type Utf8File, utf8Of } from './encoding.ts'
import { fingerprintFile, requireFile } from './files.ts'
import { type BrokenOptions, limitOf, textSource } from './limit.ts'
import { countedAll, unknownColumns } from './unknown.ts'
import { writeCsv } from './write/files.ts'

export interface CsvOptions extends BrokenOptions {
  /** Field separator; found from the file when not given. */
  readonly delimiter?: string
  /** How the text is encoded, by a name that iconv has (`cp949`, `utf-16le`); found from the file when not given. */
  readonly encoding?: string
}

/** A CSV file with a header line as a source. */
export const csv = <const S extends Record<string, TypeName>>(
  path: string,
  columns: S,
  options: CsvOptions = {},
): SourceSpec<S> => textSource('csv', path, columns, { ...options }, OPTIONS)
const OPTIONS: readonly string[] = ['delimiter', 'encoding', 'broken', 'mostBroken']

export const csvConnector: Connector = {
  kind: 'csv',
  where: 'path',
  write: writeCsv,
  fingerprint: (_, path) => fingerprintFile(path),
  discover: discoverCsv,
  async snapshot(spec, path, ctx) {
    await requireFile(path)
    const given = spec.options['encoding']
    const text = { path, kind: 'csv', encoding: given }
    const copies: string[] = []
    const copy = async () => {
      const to = await ctx.keep(`copy-${copies.length}.csv`)
      copies.push(to)
      return to
    }
    try {
      const utf8 = await utf8Of(text, copy, ctx.signal)
      const found = await lookedOver(spec, path, utf8, copy, ctx)
      // the beginning was plain ASCII, and what comes later may be Korean
      const later = found.lines || utf8.copied || given !== undefined ? undefined : await laterEncoding(path)
      if (later === undefined) return await snapshotOf(spec, utf8, found, ctx)
      const other = await utf8Of({ ...text, encoding: later }, copy, ctx.signal)
      return await snapshotOf(spec, other, await lookedOver(spec, path, other, copy, ctx), ctx)
    } finally {
      for (const file of copies) await rm(file, { force: true })
    }
  },
}

/** The file as it is read, with what a look at all of it found. */
async function lookedOver(
  spec: SourceSpec,
  path: string,
  utf8: Utf8File,
  copy: () => Promise<string>,
  ctx: ConnectorContext,
): Promise<Looked> {
  const layout = await layoutOf(spec, utf8.path, path)
  const clean = await cleanHeader(utf8.path, layout.header, copy, ctx.signal)
  const [found, { hash, bytes }] = await Promise.all([
    survey(clean.path, clean.header, layout.columns, ctx.signal),
    fingerprintFile(path),
  ])
  const { header, shift } = clean
  const more = { header, shift, plain: found?.plain ?? [], lines: found?.lines, sound: found !== undefined }
  const all = { ...layout, ...more, hash, bytes, own: !utf8.copied && !clean.copied }
  if (found) return { ...all, path: clean.path, records: found.rows }
  const { filled, blank, unclosed } = await countRecords(clean.path, header.delimiter, ctx.signal)
  // a blank line is a row of a file of one column
  const records = filled - 1 + (header.cells.length === 1 ? blank : 0)
  if (!unclosed) return { ...all, path: clean.path, records }
  const closed = await copy()
  await withoutUnclosed(unclosed, closed, ctx.signal)
  return { ...all, path: closed, records: records + unclosed.lines, unclosed }
}

interface Looked extends Layout {
  readonly hash: string
  readonly bytes: number
  /** How many records there are. */
  readonly records: number
  /** Whether all of them are sound. */
  readonly sound: boolean
  /** Whether it is the source's own file that is read. */
  readonly own: boolean
}

async function snapshotOf(
  spec: SourceSpec,
  utf8: Utf8File,
  looked: Looked,
  ctx: ConnectorContext,
): Promise<SourceSnapshot> {
  const { hash, bytes, lines, sound, records } = looked
  const schema = looked.columns.map(({ name, type }) => ({ name, type, nullable: true }))
  const about = { schema, bytes, hash, encoding: utf8.encoding }
  const unknown = unknownColumns(spec, looked.header.cells, looked.named)
  if (ctx.inPlace && looked.own && lines && sound && looked.plain.every(Boolean))
    return { files: [looked.path], from: scanOf(looked, lines), rows: records, rejected: {}, ...about }
  const tooMany = limitOf(spec.options['mostBroken'])
  const target = await ctx.keep(`${hash.slice(0, 16)}.parquet`)
  const { rows, rejected, cast } = await copied(looked, target, spec, ctx)
  const lost = Object.values(rejected).reduce((a, b) => a + b, 0)
  if (rows + lost !== records)
    throw new GalleyError('ENGINE_FAILED', {
      what: `${looked.named} has ${records} records, and ${rows + lost} were read`,
      why: 'the reader took its records apart otherwise than they stand there',
      fix: 'write the file again with plain quotes and line ends, and tell us of it',
    })
  const counted = countedAll(unknown, rows)
  if (lost === 0) return { files: [target], rows, rejected, ...counted, ...about }
  if (rows === 0 || tooMany(lost, rows + lost)) throw await overLimit(looked, lost, rows + lost, spec, ctx)
  const aside = await ctx.keep('rejected.parquet')
  if (cast === 0) await findBroken(looked, ctx)
  await quarantine(looked, aside, ctx)
  return { files: [target], rows, rejected, quarantine: aside, ...counted, ...about }
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
    what:
      lost === all
        ? `every row of ${layout.named} is broken, ${lost} in all`
        : `${lost} of ${all} rows of ${layout.named} are broken, more than mostBroken: ${JSON.stringify(options['mostBroken'])} allows`,
    why: first
      ? `the first: ${first.what.replace(/, and \d+ more$/, '')}: ${first.why}`
      : 'too many rows can not be read',
    fix: 'correct the file, declare the columns as what they are, or raise the limit',
    details: { broken: lost, rows: all },
  })
}

const scanOf = (layout: Layout, lines: Lines): From => ({
  kind: 'csv',
  ...cellsOf(layout),
  lineEnd: lines.end,
  parallel: !lines.folded,
  places: layout.columns.map((c) => [c.name, c.place] as const),
})

/** Writes the rows as Parquet, and finds broken ones where a value does not convert (`cast` of them). @throws SOURCE_BROKEN */
async function copied(
  layout: Layout,
  target: string,
  spec: SourceSpec,
  ctx: ConnectorContext,
): Promise<Pick<SourceSnapshot, 'rows' | 'rejected'> & { cast: number }> {
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
    cast = await findBroken(layout, ctx)
  }
  const lost = await ctx.query(`SELECT line, error_type FROM ${cast > 0 ? 'kept' : 'first'}_errors`)
  const unclosed = layout.unclosed?.lines ?? 0
  if (lost.length + unclosed > 0 && !skip) throw (await firstBroken(layout, ctx)) as GalleyError
  return { rows, rejected: reasons(lost, cast, unclosed), cast }
}

const WRONG_VALUE = 'a value is not of its type'

/** Broken rows by reason; a row counts once, whatever is wrong with it. */
function reasons(lost: readonly Record<string, unknown>[], cast: number, unclosed: number): Record<string, number> {
  const byLine = new Map(lost.map((b) => [String(b['line']), String(b['error_type'])]))
  const rejected: Record<string, number> = cast > 0 ? { [`broken line (${reasonFor('CAST')})`]: cast } : {}
  for (const type of byLine.values()) {
    const reason = `broken line (${reasonFor(type)})`
    rejected[reason] = (rejected[reason] ?? 0) + 1
  }
  if (unclosed > 0) rejected[`broken line (${reasonFor(UNCLOSED)})`] = unclosed
  return rejected
}
