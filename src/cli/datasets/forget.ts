import type { Command } from 'commander'
import { GalleyError } from '../../base/errors.ts'
import type { ForgetReport } from '../../data/datasets/forget/forget.ts'
import { plural } from '../../runs/text.ts'
import { resultOf } from '../../sdk/task.ts'
import { interruptible } from '../interrupt.ts'
import { withClient } from '../list.ts'
import { plain, print } from '../output.ts'
import { stageReporter } from '../progress.ts'

interface Options {
  readonly key?: string
  readonly value?: string
  readonly resume?: boolean
  readonly allowAgain?: boolean
  readonly json?: boolean
}

export function forget(noun: Command): void {
  noun
    .command('forget <name>')
    .description("take a person's rows out of every version of a dataset, and say what was made of them")
    .option('--key <column>', 'the column that names a person')
    .option('--value <value>', 'whose rows go')
    .option('--resume', 'go on with what was interrupted')
    .option('--allow-again', 'take nothing out: rows of the person may be written again from the next run on')
    .option('--json', 'print JSON')
    .action((name: string, o: Options) => {
      if ((o.resume !== true || o.allowAgain) && (o.key === undefined || o.value === undefined))
        throw new GalleyError('USAGE_INVALID', {
          what: 'it is not said whose rows are meant',
          why: 'a column and a value of it are needed',
          fix: `write: galley datasets forget ${plain(name)} --key id --value 123, or --resume`,
        })
      return interruptible((signal) =>
        withClient(async (client) => {
          const { progress } = stageReporter()
          const person = o.key !== undefined && o.value !== undefined ? { key: o.key, value: o.value } : {}
          if (o.allowAgain) {
            const body = { ...person, allow: true }
            const found = await resultOf<{ allowed: boolean }>(await client.datasets.forget({ name, body }, { signal }), progress) // biome-ignore format: one line
            if (o.json) return print(JSON.stringify(found))
            return print(found.allowed ? 'rows of this person may be written again, from the next run on' : 'rows of this person were not left out') // biome-ignore format: one line
          }
          const body = person
          const answer = await client.datasets.forget({ name, body }, { signal })
          const reports = await resultOf<ForgetReport[]>(answer, progress)
          if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
          if (o.json) return print(JSON.stringify(reports))
          if (reports.length === 0) print('nothing was interrupted')
          for (const report of reports) tell(report)
        }),
      )
    })
}

function tell({ dataset, column, versions, files, copies, masked, derived, branches, elsewhere }: ForgetReport): void {
  if (versions.length === 0) print(`no version of ${dataset} holds such rows`)
  for (const v of versions)
    print(
      `${dataset}@${v.version}  ${plural(v.rows, 'row')} removed${v.rejected > 0 ? `, ${v.rejected} of those set aside` : ''}`,
    )
  for (const b of branches)
    for (const v of b.versions)
      print(`${dataset}@${v.version}  ${plural(v.rows, 'row')} removed in the branch ${b.workspace}`)
  print(`${plural(files, 'file')} removed from disk`)
  for (const c of copies.removed)
    print(
      `removed  ${c.path}: ${plural(c.rows, 'row')}; ${c.unread ? "of rows set aside whose they are can't be read, so all went; " : ''}the next run makes it again from its source`,
    )
  for (const c of copies.aside ?? []) print(`aside    ${c.path}: ${plural(c.rows, 'row')} removed of those set aside`)
  for (const c of copies.pushed ?? []) {
    const aside = c.unread
      ? `; all ${plural(c.aside, 'row')} set aside went too: whose one of them is can't be read`
      : c.aside > 0
        ? `, ${c.aside} of those set aside`
        : ''
    print(`pushed   ${c.path}: ${plural(c.rows, 'row')} removed${aside}; the batch keeps its number and key`)
  }
  const said = [{ masked }, ...branches].filter((each) => (each.masked?.lines ?? 0) > 0)
  for (const { masked: m, ...of } of said)
    print(
      `said     ${plural(m.lines, 'line')} removed from ${plural(m.logs, 'log')} of programs${'workspace' in of ? ` in the branch ${of.workspace}` : ''}`,
    )
  const made: [string, readonly string[], string][] = [
    ['dataset', derived.datasets, 'was made of these versions: forget there too, or run its recipe again'],
    ['model', derived.models, 'was trained on these rows: train it again'],
    ['endpoint', derived.endpoints, 'serves such a model: deploy it again'],
    ['log', derived.logs, 'may hold requests and answers about the person'],
    [
      'history',
      copies.endpoints.map((c) => c.path),
      'is what an endpoint starts from, and holds such rows: deploy it again',
    ],
  ]
  for (const [noun, names, what] of made) for (const name of names) print(`${noun}  ${plain(name)} ${what}`)
  for (const b of branches)
    for (const name of [...b.derived.datasets, ...b.derived.models, ...b.derived.endpoints])
      print(
        `branch  ${plain(name)} of ${b.workspace} was made of these versions: forget there too, or remove the branch`,
      )
  for (const name of elsewhere)
    print(
      `NOT REMOVED in the workspace ${name}, which shares files with this one and may hold the person's rows: GALLEY_WORKSPACE=${name} galley datasets forget ${plain(dataset)} --key ${plain(column)} --value …`,
    )
  print(
    `What a recipe reads is not changed. Rows of the person are left out of ${dataset} from now on (--allow-again lifts that); tables and copies that steps keep hold what the sources hold: take the person out there, too.`,
  )
}
