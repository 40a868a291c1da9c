import type { Command } from 'commander'
import { plural } from '../../runs/text.ts'
import type { BranchDiff, DatasetStand, MadeBy, ModelStand } from '../../runs/workspaces/diff.ts'
import { resultOf } from '../../sdk/task.ts'
import { tellDiff } from '../datasets/diff.ts'
import { interruptible } from '../interrupt.ts'
import { withAll } from '../list.ts'
import { bold, plain, print } from '../output.ts'
import { stageReporter } from '../progress.ts'

export function branchDiff(noun: Command): void {
  noun
    .command('diff <name>')
    .description('how a branch differs from its parent: rows by key, distributions, what changed in recipes, models')
    .option('--dataset <name>', 'only this one')
    .option('--key <names>', 'columns that name a row, between commas (the declared key unless given)')
    .option('--json', 'print JSON')
    .action((name: string, o: { dataset?: string; key?: string; json?: boolean }) =>
      interruptible((signal) =>
        withAll(async (client) => {
          const { progress } = stageReporter()
          const asked = { branch: name, ...(o.dataset ? { dataset: o.dataset } : {}), ...(o.key ? { key: o.key } : {}) }
          const found = await resultOf<BranchDiff>(await client.branches.diff(asked, { signal }), progress)
          if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
          if (o.json) return print(JSON.stringify(found))
          tell(found)
        }),
      ),
    )
}

function tell({ branch, parent, sample, datasets, models }: BranchDiff): void {
  print(bold(`${branch}, a branch of ${parent}`))
  if (sample) print('a sample: its versions are compared with the sample that it began with')
  const same = datasets.filter((d) => d.moved === 'neither')
  for (const d of datasets) if (d.moved !== 'neither') tellOf(d, parent)
  for (const m of models) tellModel(m)
  if (same.length > 0) print(`\nas they were: ${plain(same.map((d) => d.dataset).join(', '))}`)
}

const MOVED = {
  neither: 'as it was',
  branch: 'changed in the branch',
  parent: 'changed in the parent since',
  both: 'changed in both: it can not be promoted',
}

function tellOf(d: DatasetStand, parent: string): void {
  print(`\n${bold(plain(d.dataset))}  ${d.base > 0 && d.parent === null ? `gone from ${parent}` : MOVED[d.moved]}`)
  for (const by of [d.before, d.after]) if (by) print(`  ${made(by)}`)
  for (const { step, change, changes } of d.recipe) {
    print(`  recipe: ${plain(step)} ${change}`)
    for (const text of changes) print(`    ${plain(text)}`)
  }
  if (d.note) print(`  ${plain(d.note)}`)
  if (d.diff && d.before && d.after)
    tellDiff({ ...d.diff, before: { ...d.before, name: d.dataset }, after: { ...d.after, name: d.dataset } })
  else if (d.before && d.after) print('  the rows are the same')
}

const made = ({ workspace, version, rows, run, recipe }: MadeBy): string =>
  plain(`@${version} of ${workspace}  ${plural(rows, 'row')}${run === null ? '' : `  by run ${run} of ${recipe}`}`)

function tellModel({ model, branch, parent }: ModelStand): void {
  print(`\n${bold(`model ${plain(model)}`)}  @${branch.version} was trained in the branch`)
  const [now, was] = [metricsOf(branch.metrics), metricsOf(parent?.metrics)]
  for (const [name, value] of Object.entries(now))
    print(`  ${plain(name)}  ${was[name] === undefined ? '–' : was[name].toPrecision(4)} → ${value.toPrecision(4)}`)
}

/** Numbers among the metrics of a model, by their place. */
function metricsOf(metrics: unknown, at = ''): Record<string, number> {
  if (typeof metrics === 'number') return { [at]: metrics }
  if (typeof metrics !== 'object' || metrics === null || Array.isArray(metrics)) return {}
  return Object.assign({}, ...Object.entries(metrics).map(([k, v]) => metricsOf(v, at === '' ? k : `${at}.${k}`)))
}
