import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { newId } from '../base/ids.ts'
import { resolveSecret } from '../base/secrets.ts'
import type { Discovery } from '../data/connectors/connector.ts'
import { openGuard } from '../data/connectors/guard/open.ts'
import { connector, kindOf } from '../data/connectors/index.ts'
import { hintOf } from '../data/connectors/json/arrays.ts'
import { createDuckdbEngine } from '../engines/duckdb/index.ts'
import { createLedger } from '../engines/ledger.ts'
import { parseType, typeName } from '../plan/types.ts'
import { plural } from '../runs/text.ts'
import { interruptible } from './interrupt.ts'
import { count } from './list.ts'
import { bold, plain, print, table } from './output.ts'
import { type FilesFound, filesText, patternAs, patternOf, previewFiles, tellFiles } from './sources/files.ts'
import { previewPushed, tellPushed } from './sources/pushed.ts'

interface Options {
  readonly rows: number
  readonly delimiter?: string
  readonly encoding?: string
  readonly at?: string
  readonly json?: boolean
}

const ROWS = 100_000
/** Whether there is a data folder, or a server: none is made to look for a name. */
const hasHome = (): boolean => {
  const { url, home } = readConfig()
  return url !== undefined || existsSync(home)
}
/** What the name of a push source looks like. */
const PUSHED = /^[a-z][a-z0-9-]{0,62}$/

export function preview(): Command {
  return new Command('preview')
    .description(
      'look at a file, or at the first files of a folder: its columns, with types and why, and the source to put into a recipe',
    )
    .argument(
      '<file>',
      'a CSV, JSON or Parquet file, a folder or a pattern of such (in quotes), or the name of a push source',
    )
    .option('--rows <n>', 'rows to look at', count, ROWS)
    .option('--delimiter <text>', 'what stands between cells of a CSV, instead of what is found')
    .option('--encoding <name>', 'how a CSV is encoded, instead of what is found')
    .option('--at <keys>', 'where the records of a JSON lie within it: data.items')
    .option('--json', 'print JSON')
    .action(async (path: string, { rows, json, ...options }: Options) => {
      if (PUSHED.test(path) && !existsSync(path) && hasHome()) {
        const pushed = await previewPushed(path)
        if (pushed) return json ? print(JSON.stringify(pushed)) : tellPushed(pushed)
      }
      const file = resolve(path)
      const temp = await mkdtemp(join(tmpdir(), 'galley-preview-'))
      const engine = createDuckdbEngine({ memoryMiB: readConfig().memoryMiB, temp: join(temp, 'duckdb') })
      const guard = openGuard({
        temp: () => join(temp, 'opened', newId()),
        ...{ memoryMiB: engine.memoryMiB },
      })
      try {
        const found = await interruptible(async (signal) => {
          const ctx = { scope: { workspace: 'preview', caller: 'preview' }, signal, ledger: createLedger() }
          let files = 0
          const at = async () => join(temp, `copy-${++files}`)
          const pattern = await patternOf(file)
          return engine.session(ctx, async (query) => {
            const look = { signal, query, guard, secret: resolveSecret, options: { ...options }, temp: at }
            if (pattern !== undefined) return previewFiles(pattern, rows, look)
            return (await connector(await kindOf(file))).discover(file, rows, look)
          })
        })
        if (json) print(JSON.stringify(found))
        else tell(path, found, options.at)
      } finally {
        await guard.close()
        await engine.close()
        await rm(temp, { recursive: true, force: true })
      }
    })
}

function tell(path: string, found: Discovery | FilesFound, at: string | undefined): void {
  const { columns, rows, whole, broken, options } = found
  const said = Object.entries(options).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  const looked = whole ? plural(rows, 'row') : `the first ${plural(rows, 'row')}`
  const files = 'files' in found ? [filesText(found), `${looked} of the first`] : [looked]
  print(`${bold(plain(basename(path)))}  ${[found.connector, ...said, ...files].join('  ')}`)
  if (broken > 0) print(`${plural(broken, 'row')} can't be read as these columns`)
  if (columns.length === 0) {
    print('no record has a key: there is nothing that a recipe could declare')
    return
  }
  print()
  print(
    table(
      ['column', 'type', 'missing', 'because', 'for example'],
      columns.map((c) => [
        plain(c.name),
        typeName(parseType(c.type)),
        c.missing,
        plain(c.evidence),
        plain(short(c.examples.join(', '))),
      ]),
    ),
  )
  print()
  if ('files' in found) {
    tellFiles(found)
    print()
  }
  print(plain(source(path, at === undefined ? found : { ...found, options: { ...found.options, at } })))
  const hint = at === undefined ? hintOf(found.within ?? []) : undefined
  if (hint !== undefined) print(plain(`// ${hint} (galley preview FILE --at KEYS shows them)`))
  const made = columns.flatMap((c) => (c.derive ? [`  ${keyOf(c.name)}: ${c.derive},`] : []))
  if (made.length > 0) print(plain(`// values of these texts\n.derive((r) => ({\n${made.join('\n')}\n}))`))
}

const WIDTH = 40
const short = (text: string): string => (text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text)

const keyOf = (name: string): string =>
  /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name) ? name : JSON.stringify(name)

/** The source as a recipe declares it. */
function source(path: string, found: Discovery | FilesFound): string {
  const { connector: kind, columns } = found
  const { of, ...options } = found.options
  const lines = columns.map((c) => {
    const line = `${keyOf(c.name)}: '${typeName(parseType(c.type))}',`
    return c.name.startsWith('__')
      ? `  // ${line} (no recipe can name it: names that begin with '__' belong to the engines)`
      : `  ${line}`
  })
  const more = Object.keys(options).length > 0 ? `, ${JSON.stringify(options)}` : ''
  const named = 'files' in found ? `${JSON.stringify(patternAs(path, found))}, ${of}` : JSON.stringify(path)
  return `${kind}(${named}, {\n${lines.join('\n')}\n}${more})`
}
