import { Command } from 'commander'
import { bytes, plural } from '../runs/text.ts'
import { interruptible } from './interrupt.ts'
import { days, withClient } from './list.ts'
import { plain, print } from './output.ts'

const DAYS = 30

export function clean(): Command {
  return new Command('clean')
    .description(
      'remove what runs have left and nothing needs: replaced pieces of sources, tables, old outputs of the cache',
    )
    .option(
      '--days <n>',
      'keep what runs of the last so many days have left; 0 keeps only what something needs',
      days,
      DAYS,
    )
    .option('--dry-run', 'only say what would go')
    .option('--json', 'print JSON')
    .action((o: { days: number; dryRun?: boolean; json?: boolean }) =>
      interruptible((signal) =>
        withClient(async (client) => {
          const found = await client.runs.clean({ body: { days: o.days, dryRun: o.dryRun === true } }, { signal })
          if (o.json) return print(JSON.stringify(found))
          for (const f of found.folders)
            print(`${o.dryRun ? 'would go' : 'removed '} ${plain(f.path)}  ${bytes(f.bytes)}`)
          print(`${plural(found.folders.length, 'folder')}, ${bytes(found.bytes)}${o.dryRun ? '' : ' freed'}; ${plural(found.outputs, 'output')} of the cache forgotten`) // biome-ignore format: one line
        }),
      ),
    )
}
