import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { type Command, Option } from 'commander'
import { GalleyError } from '../../base/errors.ts'
import type { Client } from '../../sdk/index.ts'
import { interruptible } from '../interrupt.ts'
import { count, type ListOptions, listOptions, withClient } from '../list.ts'
import { note, plain, print, table } from '../output.ts'

interface Options {
  readonly columns?: string
  readonly where?: string
  readonly limit?: number
  readonly format: 'table' | 'csv' | 'json' | 'arrow'
  readonly out?: string
  readonly safe?: boolean
}

/** Rows of a table, unless more are asked for. */
const SHOWN = 50
const PAGE = 500

export function rows(noun: Command): void {
  noun
    .command('rows <name>')
    .description('print rows of a version (name@3, name@tag, or the newest)')
    .option('--columns <names>', 'only these columns, between commas')
    .option('--where <condition>', "only rows for which it holds: delay > 15 and origin in ('ICN', 'GMP')")
    .option('--limit <n>', `rows at most (${SHOWN} for a table, else all)`, count)
    .addOption(new Option('--format <form>', 'how they are written').choices(['table', 'csv', 'json', 'arrow']).default('table')) // biome-ignore format: one line
    .option('--out <file>', 'write to a file')
    .option('--safe', "CSV: a ' before texts that a spreadsheet would compute (they begin with = + - @)")
    .action((name: string, options: Options) =>
      interruptible((signal) => withClient((client) => printRows(client, name, options, signal))),
    )
}

async function printRows(client: Client, name: string, options: Options, signal: AbortSignal): Promise<void> {
  const { columns, where, format, out, limit, safe } = options
  const selection = { ...(columns === undefined ? {} : { columns }), ...(where === undefined ? {} : { where }) }
  if (format === 'table') {
    if (out !== undefined)
      throw new GalleyError('USAGE_INVALID', {
        what: 'a table is not written to a file',
        why: 'its cells are padded and cut for reading',
        fix: 'add --format csv, json or arrow',
      })
    return printTable(client, name, selection, limit ?? SHOWN, signal)
  }
  if (format === 'arrow' && out === undefined && process.stdout.isTTY)
    throw new GalleyError('USAGE_INVALID', {
      what: 'Arrow is not for a terminal',
      why: 'it is binary',
      fix: 'add --out FILE, or pipe it into a program',
    })
  const asked = { name, format, ...selection, ...(limit ? { limit } : {}), ...(safe ? { safe: 'true' as const } : {}) }
  const { bytes } = await client.datasets.export(asked, { signal })
  if (out === undefined) await pour(bytes, process.stdout, signal)
  else {
    const file = createWriteStream(out)
    await once(file, 'open')
    const written = await pour(bytes, file, signal)
    await new Promise((resolve, reject) => file.on('error', reject).end(() => resolve(undefined)))
    note(`wrote ${written.toLocaleString('en-US')} bytes to ${plain(out)}`)
  }
}

async function pour(bytes: AsyncIterable<Uint8Array>, to: Writable, signal: AbortSignal): Promise<number> {
  let written = 0
  let failed: unknown
  to.once('error', (error) => (failed = error))
  for await (const piece of bytes) {
    signal.throwIfAborted()
    // who reads it may have stopped (`| head`)
    if (failed !== undefined || to.destroyed) break
    written += piece.byteLength
    if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]).catch(() => undefined)
  }
  if (failed !== undefined && (failed as NodeJS.ErrnoException).code !== 'EPIPE') throw failed
  return written
}

async function printTable(
  client: Client,
  name: string,
  selection: { columns?: string; where?: string },
  limit: number,
  signal: AbortSignal,
): Promise<void> {
  const items: Record<string, unknown>[] = []
  let head: string[] = []
  let cursor: string | undefined
  do {
    const ask = { name, ...selection, limit: Math.min(PAGE, limit - items.length), ...(cursor ? { cursor } : {}) }
    const page = await client.datasets.rows(ask, { signal })
    head = page.schema.map((f) => f.name)
    items.push(...page.items)
    cursor = page.next
  } while (cursor !== undefined && items.length < limit)
  if (items.length === 0) return print('no rows')
  print(
    table(
      head.map(plain),
      items.map((item) => head.map((column) => cell(item[column]))),
    ),
  )
  if (cursor !== undefined) note(`the first ${items.length}: more with --limit, all with --format csv, json or arrow`)
}

const WIDEST = 60
function cell(value: unknown): string | number | null {
  if (value === null || value === undefined || typeof value === 'number') return value ?? null
  const text = plain(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('\n', '\\n')
  return text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text
}

export function rejected(noun: Command): void {
  listOptions(
    noun
      .command('rejected <name>')
      .description('print rows that were set aside, with reasons: of a dataset (name@3), a named table or a source'),
  ).action((name: string, o: ListOptions) =>
    withClient(async (client) => {
      const page = await client.datasets.rejected({
        name,
        ...(o.limit ? { limit: o.limit } : {}),
        ...(o.cursor ? { cursor: o.cursor } : {}),
      })
      if (o.json) return print(JSON.stringify(page))
      const counts = Object.entries(page.rejected)
      if (counts.length === 0) return print(`${page.of} set no rows aside`)
      for (const [reason, n] of counts) print(`${page.of} rejected ${n.toLocaleString('en-US')}: ${plain(reason)}`)
      // the header of a CSV's rows, the same for all of a file, is told with --json
      const head = Object.keys(page.items[0] ?? {}).filter(
        (name) => name !== 'header' || !page.of.startsWith('source '),
      )
      if (head.length === 0) return print('none of them were kept: what is lost to a join or as a duplicate is counted')
      print(table(head.map(plain), page.items.map((item) => head.map((column) => cell(item[column]))))) // biome-ignore format: one line
      if (page.next) print(`more: --cursor ${page.next}`)
    }),
  )
}
