import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { GalleyError } from '../base/errors.ts'
import { exportTable, writerFor } from '../data/connectors/write/export.ts'
import { requireIntact } from '../data/datasets/read/rows.ts'
import { filesOf, openVersion } from '../data/datasets/version.ts'
import { createLedger } from '../engines/ledger.ts'
import { openGalley } from '../main.ts'
import { plural } from '../runs/text.ts'
import { interruptible } from './interrupt.ts'
import { plain, print } from './output.ts'

export function exporting(): Command {
  return new Command('export')
    .description('write a version of a dataset to a file: CSV, JSON, Parquet, Arrow or SQLite, by its ending')
    .argument('<dataset>', 'a name, name@version or name@tag')
    .argument('<file>', 'for instance out.csv')
    .option('--overwrite', 'replace a file that is there')
    .action(async (dataset: string, file: string, options: { overwrite?: boolean }) => {
      const kind = writerFor(file)
      const config = readConfig()
      if (config.url)
        throw new GalleyError('USAGE_INVALID', {
          what: `'${dataset}' can't be exported from ${config.url}`,
          why: 'files of a dataset are written on the machine that has its data folder',
          fix: `run it there, or let the server send the rows: galley datasets rows ${dataset} --format csv --out FILE`,
        })
      const galley = await openGalley(config)
      try {
        const scope = await galley.scope()
        const { name, version, path } = await galley.store.tags.resolve(scope, dataset)
        const opened = await openVersion(join(galley.store.home.datasets, path))
        await requireIntact(opened, opened.manifest.files)
        const table = { files: filesOf(opened).map((f) => f.path), schema: opened.manifest.schema }
        const to = { path: resolve(file), kind, ...options }
        const rows = await interruptible((signal) =>
          exportTable(table, to, galley.duckdb, { scope, signal, ledger: createLedger() }),
        )
        print(`${name}@${version}  ${plural(rows, 'row')}  ${plain(file)}`)
      } finally {
        await galley.close()
      }
    })
}
