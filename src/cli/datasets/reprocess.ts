import type { Command } from 'commander'
import { readConfig } from '../../base/config.ts'
import { openGalley } from '../../main.ts'
import { reprocess as readAgain } from '../../runs/reprocess/reprocess.ts'
import { byCount, plural } from '../../runs/text.ts'
import { interruptible } from '../interrupt.ts'
import { print } from '../output.ts'
import { runReporter } from '../progress.ts'
import { loadRecipe } from '../recipe.ts'

export function reprocess(noun: Command): void {
  noun
    .command('reprocess <name> <recipe>')
    .description(
      'read the rows of a source that were set aside again, by the recipe as it is now, and add those that pass',
    )
    .option('--source <id>', 'the source whose rows are meant, where several have some')
    .option('--json', 'print JSON')
    .action(async (name: string, path: string, o: { source?: string; json?: boolean }) => {
      const { recipe, folder } = await loadRecipe(path)
      const config = readConfig()
      const galley = await openGalley(config)
      try {
        const scope = await galley.scope()
        const found = await interruptible((signal) =>
          readAgain(galley.ware, scope, recipe, {
            ...{ dataset: name, source: o.source, folder, signal, on: runReporter(config.workspace) },
          }),
        )
        if (o.json) return print(JSON.stringify(found))
        if (found.rows === 0) print(`${found.source} has no rows aside that were not read again`)
        else if (found.passed === 0)
          print(`none of ${plural(found.rows, 'row')} of ${found.source} can be read by the recipe as it is now: nothing was written, and ${name}@${found.version} stays the newest version. Mend the recipe (declare the column as what it is, or correct the rows), then ask again`)
        else print(`${plural(found.rows, 'row')} of ${found.source} read again: ${found.passed} can be read now, ${found.written} written to ${name}@${found.version}`) // biome-ignore format: one line
        for (const [reason, n] of byCount({ ...found.stay, ...found.rejected })) print(`  ${n} stay aside: ${reason}`)
      } finally {
        await galley.close()
      }
    })
}
