import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { exportTable, writerFor } from '../data/connectors/write/export.ts'
import { readManifest } from '../data/datasets/manifest.ts'
import { createLedger } from '../engines/ledger.ts'
import { openGalley } from '../main.ts'
import { plural } from '../runs/text.ts'
import { interruptible } from './interrupt.ts'
import { versionOf } from './list.ts'
import { plain, print } from './output.ts'

export function exporting(): Command {
  return new Command('export')
    .description('write a version of a dataset to a file: CSV, JSON, Parquet, Arrow or SQLite, by its ending')
    .argument('<dataset>', 'a name, or name@version')
    .argument('<file>', 'for instance out.csv')
    .option('--overwrite', 'replace a file that is there')
    .action(async (dataset: string, file: string, options: { overwrite?: boolean }) => {
      const kind = writerFor(file)
      const galley = await openGalley(readConfig())
      try {
        const scope = await galley.scope()
        const { name, version } = versionOf(dataset)
        const found = await galley.store.datasets.get(scope, name, version)
        const manifest = join(galley.store.home.datasets, found.path)
        const { files, schema } = readManifest(await readFile(manifest, 'utf8'), manifest)
        const table = { files: files.map((f) => join(dirname(manifest), f.path)), schema }
        const to = { path: resolve(file), kind, ...options }
        const rows = await interruptible((signal) =>
          exportTable(table, to, galley.duckdb, { scope, signal, ledger: createLedger() }),
        )
        print(`${name}@${found.version}  ${plural(rows, 'row')}  ${plain(file)}`)
      } finally {
        await galley.close()
      }
    })
}
