import { realpathSync, statSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { readConfig } from '../base/config.ts'
import { GalleyError } from '../base/errors.ts'
import { openGalley } from '../main.ts'
import type { Partitioned } from '../runs/partitions/partitioned.ts'
import { plural } from '../runs/text.ts'
import { work } from '../runs/worker.ts'
import { interruptible } from './interrupt.ts'
import { tag } from './jobs.ts'
import { note } from './output.ts'
import { runReporter } from './progress.ts'
import { loadDeclared } from './recipe.ts'

/** A folder as it lies on the disk, whatever leads there. */
function folder(text: string): string {
  try {
    if (statSync(text).isDirectory()) return realpathSync(text)
  } catch {
    // said below
  }
  throw new InvalidArgumentError('there is no such folder')
}

/** Loads recipe files within a folder, each as it is when it is asked for. @throws RECIPE_NOT_FOUND, RECIPE_INVALID */
const loaderOf =
  (within: string) =>
  async (file: string): Promise<Partitioned> => {
    const real = await realpath(file).catch(() => file)
    if (!real.startsWith(join(within, sep)))
      throw new GalleyError('RECIPE_NOT_FOUND', {
        what: `${file} is not among the recipes of this worker`,
        why: `it loads files within ${within}`,
        fix: 'start a worker with the folder that it is in: galley worker --recipes FOLDER',
      })
    const { made } = await loadDeclared(real, { anew: true })
    if ('of' in made) return made
    throw new GalleyError('RECIPE_INVALID', {
      what: `${file} declares a recipe that is run as a whole`,
      why: 'it was run partition by partition when it was queued',
      fix: 'set the schedule again',
    })
  }

export function worker(): Command {
  return new Command('worker')
    .description(
      'do the runs that are queued (galley run RECIPE --queue), one after the other; start as many as wanted, on any machine',
    )
    .option('--tag <tag>', 'what this worker has, such as gpu; it also takes what asks for no tag', tag, [])
    .option(
      '--recipes <folder>',
      'load recipe files of that folder: those that are run partition by partition are declared when they are due',
      folder,
    )
    .option('--until-empty', 'end once nothing is due')
    .action(async (options: { tag: string[]; recipes?: string; untilEmpty?: boolean }) => {
      const config = readConfig()
      const galley = await openGalley(config)
      try {
        const scope = await galley.scope()
        const has = options.tag.length > 0 ? `, has ${options.tag.join(', ')}` : ''
        note(`worker of ${config.workspace}${has}  data folder ${config.home}`)
        const { taken, failed } = await interruptible((signal) =>
          work(galley.ware, scope, {
            ...{ tags: options.tag, signal, on: runReporter(config.workspace), say: (text) => note(`  ! ${text}`) },
            ...(options.recipes === undefined ? {} : { load: loaderOf(options.recipes) }),
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
