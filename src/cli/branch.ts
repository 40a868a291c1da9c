import { Command, InvalidArgumentError } from 'commander'
import { readConfig } from '../base/config.ts'
import { GalleyError } from '../base/errors.ts'
import { integer, plural } from '../runs/text.ts'
import type { MadeBranch } from '../runs/workspaces/create.ts'
import { resultOf } from '../sdk/task.ts'
import { branchDiff } from './branch/diff.ts'
import { interruptible } from './interrupt.ts'
import { type ListOptions, listOptions, printPage, withAll } from './list.ts'
import { bold, plain, print, table, when } from './output.ts'
import { stageReporter } from './progress.ts'
import { type RemoveOptions, removing } from './workspaces.ts'

function share(text: string): number {
  const n = Number(text)
  if (text.trim() !== '' && n > 0 && n <= 1) return n
  throw new InvalidArgumentError('give a share of the rows: 0.05 is a twentieth')
}
function seed(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('give a whole number from 0 on')
}
const list = (text: string): string[] =>
  text
    .split(',')
    .map((n) => n.trim())
    .filter((n) => n !== '')

interface CreateOptions {
  readonly from?: string
  readonly datasets?: string[]
  readonly sample?: number
  readonly seed?: number
  readonly key?: string[]
  readonly json?: boolean
}

const saidOf = (s: { share: number; seed: number; key?: readonly string[] | undefined } | null): string =>
  s === null ? 'whole versions, by reference' : `a sample of ${(s.share * 100).toLocaleString('en-US')} %, seed ${s.seed}${s.key ? `, by ${plain(s.key.join(', '))}` : ''}` // biome-ignore format: one line

export function branch(): Command {
  const noun = new Command('branch').description(
    'branches: workspaces with the datasets of another, to try a change in, look at what it does, and promote it',
  )
  noun
    .command('create <name>')
    .description('make a branch: whole versions by reference, which copies nothing, or a sample')
    .option('--from <workspace>', 'of which workspace (the one that is set unless given)')
    .option('--datasets <names>', 'only these, between commas', list)
    .option('--sample <share>', 'a share of the rows of each newest version: 0.05 is a twentieth', share)
    .option('--seed <n>', 'another sample of the same share', seed)
    .option('--key <columns>', 'sample by these: rows of one key stay together, in every dataset that has them', list)
    .option('--json', 'print JSON')
    .action((name: string, o: CreateOptions) => {
      if (o.sample === undefined && (o.seed !== undefined || o.key !== undefined))
        throw new GalleyError('USAGE_INVALID', {
          what: 'there is no sample that --seed or --key could be for',
          why: 'without --sample a branch has whole versions',
          fix: `write: galley branch create ${plain(name)} --sample 0.05`,
        })
      return interruptible((signal) =>
        withAll(async (client) => {
          const { progress } = stageReporter()
          const sample = o.sample === undefined ? {} : { sample: { share: o.sample, seed: o.seed ?? 0, ...(o.key ? { key: o.key } : {}) } } // biome-ignore format: one line
          const body = { name, from: o.from ?? readConfig().workspace, ...(o.datasets ? { datasets: o.datasets } : {}) }
          const answer = await client.branches.create({ body: { ...body, ...sample } }, { signal })
          const made = await resultOf<MadeBranch>(answer, progress)
          if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
          if (o.json) return print(JSON.stringify(made))
          print(`${bold(made.branch)}  branch of ${plain(made.parent)}: ${saidOf(made.sample)}`)
          if (made.datasets.length > 0)
            print(
              table(
                ['dataset', 'of version', 'here', 'rows', ''],
                made.datasets.map((d) => [plain(d.name), `@${d.base}`, `@${d.version}`, integer(d.rows), made.sample && !d.sampled ? 'whole: it has not the key' : '']), // biome-ignore format: one line
              ),
            )
          print(`try a change there: GALLEY_WORKSPACE=${made.branch} galley run RECIPE`)
        }),
      )
    })
  listOptions(noun.command('ls').description('list branches')).action((o: ListOptions) =>
    printPage(
      o,
      (c, page) => c.branches.list(page),
      ['branch', 'of', 'created', 'holds'],
      (b) => [b.name, b.parent, when(b.created), saidOf(b.sample)],
      'no branch yet: galley branch create NAME',
      withAll,
    ),
  )
  noun
    .command('show <name>')
    .description('show a branch: how each dataset stands in it and in its parent')
    .option('--json', 'print JSON')
    .action((name: string, o: { json?: boolean }) =>
      withAll(async (client) => {
        const b = await client.branches.get({ branch: name })
        if (o.json) return print(JSON.stringify(b))
        print(`${bold(b.name)}  branch of ${plain(b.parent)} since ${when(b.created)}: ${saidOf(b.sample)}`)
        const at = (v: number | null) => (v === null || v === 0 ? '–' : `@${v}`)
        if (b.datasets.length > 0)
          print(
            table(
              ['dataset', 'began with', 'here', 'parent', 'moved'],
              b.datasets.map((d) => [plain(d.dataset), at(d.base), at(d.branch), at(d.parent), d.moved]),
            ),
          )
      }),
    )
  branchDiff(noun)
  noun
    .command('promote <name>')
    .description(
      "publish what the branch changed as its parent's next versions, all at once, where the parent did not move",
    )
    .option('--datasets <names>', 'only these, between commas', list)
    .option('--dry-run', 'only say what would be published')
    .option('--json', 'print JSON')
    .action((name: string, o: { datasets?: string[]; dryRun?: boolean; json?: boolean }) =>
      withAll(async (client) => {
        const body = { dryRun: o.dryRun === true, ...(o.datasets ? { datasets: o.datasets } : {}) }
        const done = await client.branches.promote({ branch: name, body })
        if (o.json) return print(JSON.stringify(done))
        if (done.datasets.length === 0 && done.models.length === 0 && done.left.length === 0) return print(`nothing to promote: ${plain(name)} has no version of its own that ${plain(done.parent)} has not`) // biome-ignore format: one line
        for (const d of done.datasets)
          print(`${bold(`${d.dataset}@${d.version}`)} of ${done.parent} ${done.dryRun ? 'would be' : 'is'} ${d.dataset}@${d.from} of ${name}  ${plural(d.rows, 'row')}`) // biome-ignore format: one line
        for (const m of done.models)
          print(`model ${bold(`${m.model}@${m.version}`)} of ${done.parent} ${done.dryRun ? 'would be' : 'is'} ${m.model}@${m.from} of ${name}${m.dataset ? `  trained on ${m.dataset}@${m.datasetVersion}` : ''}`) // biome-ignore format: one line
        for (const s of done.positions)
          print(`source ${plain(s)}: ${done.parent} goes on reading where the branch stopped`)
        for (const v of done.left) print(`stays there: ${plain(v)}`)
        print(`the recipe that made it is run in ${done.parent} from now on: what ran there before would make the old rows again`) // biome-ignore format: one line
      }),
    )
  noun
    .command('rm <name>')
    .description('remove a branch with all that is its own; without --yes it is only said what would go')
    .option('--yes', 'do it')
    .option('--json', 'print JSON')
    .action((name: string, o: RemoveOptions) =>
      withAll((client) => client.branches.get({ branch: name })).then(
        () => removing(name, o, 'branch'),
        (error: unknown) => {
          // one without a parent is removed all the same
          if (error instanceof GalleyError && error.code === 'BRANCH_UNKNOWN' && 'parent' in error.details) return removing(name, o, 'branch') // biome-ignore format: one line
          throw error
        },
      ),
    )
  return noun
}
