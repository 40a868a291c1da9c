import { Command } from 'commander'
import { GalleyError } from '../base/errors.ts'
import { plural } from '../runs/text.ts'
import type { Client } from '../sdk/index.ts'
import { type ListOptions, listOptions, printPage, withAll } from './list.ts'
import { bold, plain, print, when } from './output.ts'

type Counts = Awaited<ReturnType<Client['workspaces']['get']>>['counts']

export function workspaces(): Command {
  const noun = new Command('workspaces').description(
    'workspaces: each has its own datasets, runs and models (GALLEY_WORKSPACE chooses one)',
  )
  listOptions(noun.command('ls').description('list workspaces, branches among them')).action((o: ListOptions) =>
    printPage(
      o,
      (c, page) => c.workspaces.list(page),
      ['workspace', 'branch of', 'created'],
      (w) => [w.removing ? `${w.name} (being removed)` : w.name, w.branchOf ?? '–', when(w.created)],
      'no workspace yet',
      withAll,
    ),
  )
  noun
    .command('create <name>')
    .description('make a workspace with nothing in it; galley branch create makes one with the datasets of another')
    .option('--json', 'print JSON')
    .action((name: string, o: { json?: boolean }) =>
      withAll(async (client) => {
        const made = await client.workspaces.create({ body: { name } })
        if (o.json) return print(JSON.stringify(made))
        print(
          made.made
            ? `the workspace ${bold(made.name)} is there`
            : `the workspace ${bold(made.name)} was there already`,
        )
        print(`use it: GALLEY_WORKSPACE=${made.name} galley run RECIPE`)
      }),
    )
  noun
    .command('show <name>')
    .description('show a workspace, and how much is in it')
    .option('--json', 'print JSON')
    .action((name: string, o: { json?: boolean }) =>
      withAll(async (client) => {
        const w = await client.workspaces.get({ workspace: name })
        if (o.json) return print(JSON.stringify(w))
        print(
          `${bold(w.name)}  created ${when(w.created)}${w.branchOf === null ? '' : `  branch of ${plain(w.branchOf)}`}`,
        )
        print(told(w.counts))
      }),
    )
  noun
    .command('rm <name>')
    .description('remove a workspace with all that is in it; without --yes it is only said what would go')
    .option('--yes', 'do it')
    .option('--json', 'print JSON')
    .action((name: string, o: RemoveOptions) => removing(name, o))
  return noun
}

export interface RemoveOptions {
  readonly yes?: boolean
  readonly json?: boolean
}

/** @throws USAGE_INVALID where nobody said that it is meant */
export const removing = (name: string, o: RemoveOptions, noun = 'workspaces'): Promise<void> =>
  withAll(async (client) => {
    const found = await client.workspaces.remove({ workspace: name, body: { dryRun: o.yes !== true } })
    if (!found.dryRun) {
      if (o.json) return print(JSON.stringify(found))
      print(`the workspace '${plain(name)}' is gone: ${told(found.counts)}`)
      if (found.branches.length > 0) print(`its branches stay as workspaces of their own: ${found.branches.join(', ')}`)
      return
    }
    if (o.json) print(JSON.stringify(found))
    throw new GalleyError('USAGE_INVALID', {
      what: `the workspace '${name}' would go: ${told(found.counts)}`,
      why: 'nothing of it comes back; files that another workspace uses stay',
      fix: `if that is meant: galley ${noun} rm ${name} --yes`,
      details: { ...found.counts },
    })
  })

function told(c: Counts): string {
  const nouns: [number, string][] = [
    [c.runs, 'run'],
    [c.models, 'version of models'],
    [c.sources, 'push source'],
    [c.schedules, 'schedule'],
    [c.jobs, 'open job'],
    [c.endpoints, 'endpoint'],
  ]
  const others = nouns.flatMap(([n, noun]) => (n === 0 ? [] : [noun === 'version of models' ? `${plural(n, 'version')} of models` : plural(n, noun)])) // biome-ignore format: one line
  return [`${plural(c.datasets, 'dataset')} with ${plural(c.versions, 'version')}`, ...others].join(', ')
}
