import { createReadStream } from 'node:fs'
import { Command } from 'commander'
import { GalleyError } from '../base/errors.ts'
import { hashFile } from '../base/hash.ts'
import { kindOf } from '../data/connectors/index.ts'
import { integer, plural } from '../runs/text.ts'
import { interruptible } from './interrupt.ts'
import { withClient } from './list.ts'
import { plain, print } from './output.ts'

/** Media types by what a file is. */
const MEDIA: Readonly<Record<string, string>> = {
  json: 'application/jsonl',
  csv: 'text/csv',
  arrow: 'application/vnd.apache.arrow.stream',
}

export function push(): Command {
  return new Command('push')
    .description('push a file of rows to a source, as one batch: JSON, CSV or Arrow')
    .argument('<source>', 'a push source of a recipe that ran, or that was opened: galley sources open RECIPE')
    .argument('<file>', 'its rows')
    .option('--key <key>', 'what the batch is known by: the same again is not taken in twice (a hash of the file)')
    .option('--json', 'print JSON')
    .action((name: string, file: string, o: { key?: string; json?: boolean }) =>
      interruptible(async (signal) => {
        const kind = await kindOf(file)
        const mediaType = MEDIA[kind]
        if (mediaType === undefined)
          throw new GalleyError('USAGE_INVALID', {
            what: `${file} can't be pushed`,
            why: `it is ${kind === 'sqlite' ? 'a SQLite database' : 'Parquet'}, and batches are JSON, CSV or Arrow`,
            fix: `read it where it lies, with ${kind}() in the recipe`,
          })
        const key = o.key ?? (await hashFile(file, signal))
        await withClient(async (client) => {
          const body = { mediaType, bytes: createReadStream(file) }
          const quoted = `"${key.replaceAll(/["\\]/g, '\\$&')}"`
          const b = await client.sources.push({ name, key: quoted, body }, { signal })
          if (o.json) return print(JSON.stringify(b))
          print(`${b.source}  batch ${b.batch}  ${plural(b.rows, 'row')}${b.replayed ? '  was taken in before' : ''}`)
          for (const [reason, n] of Object.entries(b.rejected)) print(`  set aside: ${plain(reason)} ${integer(n)}`)
          for (const [name, n] of Object.entries(b.unknown))
            print(`  left out: '${plain(name)}', which no column has (${plural(n, 'row')})`)
        })
      }),
    )
}
