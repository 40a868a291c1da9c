import { join } from 'node:path'
import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { GalleyError } from '../base/errors.ts'
import { exportTable, writerFor } from '../data/connectors/write/export.ts'
import { requireIntact } from '../data/datasets/read/rows.ts'
import { filesOf, openVersion } from '../data/datasets/version.ts'
import { createLedger } from '../engines/ledger.ts'
import { openGalley } from '../main.ts'
import { plural } from '../runs/text.ts'
import { type PlaceOptions, placeOf } from './export/place.ts'
import { interruptible } from './interrupt.ts'
import { plain, print } from './output.ts'

interface ExportOptions extends PlaceOptions {
  overwrite?: boolean
}

export function exporting(): Command {
  return new Command('export')
    .description('write a version of a dataset to a file, an object of S3 or a table of PostgreSQL')
    .argument('<dataset>', 'a name, name@version or name@tag')
    .argument('<target>', 'a file by its ending (out.csv), s3://bucket/key.parquet, or postgres:table')
    .option('--overwrite', 'replace what is there')
    .option('--append', 'postgres: add the rows to those that are there; a version is added once')
    .option('--connection <secret>', 'the secret that holds the address of the server, or the keys of the store')
    .option('--endpoint <url>', 's3: the store, where it is not that of AWS')
    .option('--region <name>', 's3: its region')
    .action(async (dataset: string, target: string, options: ExportOptions) => {
      const kind = writerFor(target)
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
        const { name, version, path, hash } = await galley.store.tags.resolve(scope, dataset)
        const opened = await openVersion(join(galley.store.home.datasets, path))
        await requireIntact(opened, opened.manifest.files)
        const table = { files: filesOf(opened).map((f) => f.path), schema: opened.manifest.schema }
        const rows = await interruptible(async (signal) => {
          const to = await placeOf(target, kind, options, { batch: `${name} ${hash}`, signal })
          return exportTable(table, to, galley.duckdb, { scope, signal, ledger: createLedger() })
        })
        print(`${name}@${version}  ${plural(rows, 'row')}  ${plain(target)}`)
      } finally {
        await galley.close()
      }
    })
}
