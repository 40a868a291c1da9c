import { statSync } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, relative } from 'node:path'
import { asGalleyError } from '../../base/errors.ts'
import type { Connector, DiscoverContext, Discovery, SourceSpec } from '../../data/connectors/connector.ts'
import { filesOf } from '../../data/connectors/folder/list.ts'
import { connector, kindOf } from '../../data/connectors/index.ts'
import { file as quoted } from '../../engines/duckdb/sql/names.ts'
import { plural } from '../../runs/text.ts'
import { bold, plain, print, table } from '../output.ts'

/** Files and rows of each that are shown, and the largest file that is read for them. */
const FILES = 3
const ROWS = 3
const LARGEST = 64 << 20
/** Files that the first are looked for among. */
const FEW = 1000

/** The first rows of a file of a folder; or why it can't be read as the first one is. */
interface FirstRows {
  readonly file: string
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly rejected: Readonly<Record<string, number>>
  readonly fails?: string
}

/** What files that match a pattern hold: the columns of the first, and rows of the first few. */
export interface FilesFound extends Discovery {
  readonly pattern: string
  /** Files that match, 1,000 at most. */
  readonly matching: number
  readonly files: readonly FirstRows[]
}

/** The pattern that a path is: of a folder, its files of the first one's kind; undefined for a path of one file. */
export async function patternOf(path: string): Promise<string | undefined> {
  const info = statSync(path, { throwIfNoEntry: false })
  if (!info) return /[*?]/.test(path) ? path : undefined
  if (!info.isDirectory()) return undefined
  const names: string[] = []
  for await (const entry of await opendir(path))
    if (entry.isFile() && !entry.name.startsWith('.') && names.push(entry.name) === FEW) break
  return join(path, `*${extname(names.sort()[0] ?? '')}`)
}

/** @throws SOURCE_MISSING where no file matches, and what looking at the first one throws */
export async function previewFiles(pattern: string, rows: number, ctx: DiscoverContext): Promise<FilesFound> {
  const paths: string[] = []
  for await (const path of filesOf(pattern, ctx.signal)) if (paths.push(path) === FEW) break
  paths.sort()
  const folder = await connector('folder')
  const found = await folder.discover(pattern, rows, { ...ctx, options: { files: ctx.options ?? {} } })
  const of = await connector(found.options['of'] ?? (await kindOf(paths[0] ?? pattern)))
  const { of: _, ...options } = found.options
  const columns = Object.fromEntries(found.columns.map((c) => [c.name, c.type]))
  const spec = { connector: of.kind, columns, options: { ...options, ...ctx.options } }
  const files: FirstRows[] = []
  for (const path of paths.slice(0, FILES)) files.push(await firstRows(of, { ...spec, path }, ctx))
  return { ...found, pattern, matching: paths.length, files }
}

async function firstRows(of: Connector, spec: SourceSpec, ctx: DiscoverContext): Promise<FirstRows> {
  const { path } = spec
  try {
    const { size } = await stat(path)
    if (size > LARGEST) return { file: path, rows: [], rejected: {}, fails: `${plural(size, 'byte')}: too large to look at its rows here` } // biome-ignore format: one line
    const skips = ['csv', 'json', 'sqlite'].includes(of.kind) ? { broken: 'skip' } : {}
    const { files, rejected } = await of.snapshot({ ...spec, options: { ...spec.options, ...skips } }, path, {
      ...ctx,
      scope: { workspace: 'preview', caller: 'preview' },
      progress: () => {},
      keep: ctx.temp,
    })
    const from = files.map(quoted).join(', ')
    const rows = await ctx.query(`SELECT * FROM read_parquet([${from}], hive_partitioning = false) LIMIT ${ROWS}`)
    return { file: path, rows, rejected }
  } catch (thrown) {
    const error = asGalleyError(thrown)
    if (error.code === 'CANCELLED') throw error
    return { file: path, rows: [], rejected: {}, fails: [error.what, error.why].filter(Boolean).join(': ') }
  }
}

export const filesText = ({ matching }: FilesFound): string =>
  `${plural(matching, 'file')}${matching === FEW ? ' or more' : ''}`
/** The pattern as a recipe says it, for a path as it was given: a folder or the pattern itself. */
export const patternAs = (path: string, { pattern }: FilesFound): string =>
  /[*?]/.test(path) ? path : join(path, basename(pattern))

const WIDTH = 24
const cell = (value: unknown): string => {
  const text = value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value) // biome-ignore format: one line
  return plain(text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text)
}

/** Rows of the first files, each with its file's name, and what was not read of them. */
export function tellFiles({ pattern, columns, files }: FilesFound): void {
  const root = dirname(pattern.replace(/[*?].*$/s, 'x'))
  const name = (path: string) => plain(relative(root, path) || basename(path))
  const lines = files.flatMap((f) => f.rows.map((row) => [bold(name(f.file)), ...columns.map((c) => cell(row[c.name]))])) // biome-ignore format: one line
  print(table(['file', ...columns.map((c) => plain(c.name))], lines))
  for (const { file, rejected, fails } of files) {
    if (fails !== undefined) print(plain(`${name(file)}: ${fails}`))
    for (const [why, n] of Object.entries(rejected)) print(plain(`${name(file)}: ${plural(n, 'row')} left out: ${why}`))
  }
}
