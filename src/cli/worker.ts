import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { openGalley } from '../main.ts'
import { plural } from '../runs/text.ts'
import { work } from '../runs/worker.ts'
import { interruptible } from './interrupt.ts'
import { tag } from './jobs.ts'
import { note } from './output.ts'
import { runReporter } from './progress.ts'

export function worker(): Command {
  return new Command('worker')
    .description(
      'do the runs that are queued (galley run RECIPE --queue), one after the other; start as many as wanted, on any machine',
    )
    .option('--tag <tag>', 'what this worker has, such as gpu; it also takes what asks for no tag', tag, [])
    .option('--until-empty', 'end once nothing is due')
    .action(async (options: { tag: string[]; untilEmpty?: boolean }) => {
      const config = readConfig()
      const galley = await openGalley(config)
      try {
        const scope = await galley.scope()
        const has = options.tag.length > 0 ? `, has ${options.tag.join(', ')}` : ''
        note(`worker of ${config.workspace}${has}  data folder ${config.home}`)
        const { taken, failed } = await interruptible((signal) =>
          work(galley.ware, scope, {
            ...{ tags: options.tag, signal, on: runReporter(config.workspace), say: (text) => note(`  ! ${text}`) },
            untilEmpty: options.untilEmpty === true,
            // what a step leaves there would outlive a person who is forgotten
            after: () => galley.store.home.tmp.clear(),
          }),
        )
        note(`took ${plural(taken, 'job')}${failed > 0 ? `, of which ${failed} failed` : ''}`)
        if (options.untilEmpty && failed > 0) process.exitCode = 1
      } finally {
        await galley.close()
      }
    })
}
