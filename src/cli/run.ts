import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { openGalley } from '../main.ts'
import { run as runRecipe } from '../runs/runner.ts'
import { interruptible } from './interrupt.ts'
import { note, print } from './output.ts'
import { runReporter } from './progress.ts'
import { loadRecipe } from './recipe.ts'

export function run(): Command {
  return new Command('run')
    .description('run a recipe: what has not changed since the last run is not done again')
    .argument('<recipe>', 'a .ts file that default-exports a recipe')
    .option('--json', 'print the result as one JSON object')
    .action(async (path: string, options: { json?: boolean }) => {
      const { recipe, folder } = await loadRecipe(path)
      const config = readConfig()
      const galley = await openGalley(config)
      try {
        const scope = await galley.scope()
        const result = await interruptible((signal) =>
          runRecipe(galley.ware, scope, recipe, { folder, signal, on: runReporter(config.workspace) }),
        )
        for (const output of result.outputs.values())
          if ('report' in output && 'path' in output) note(`  report  ${String(output.path)}`)
        if (options.json) print(JSON.stringify({ run: result.number, seconds: result.seconds, cached: result.cached }))
      } finally {
        await galley.close()
      }
    })
}
