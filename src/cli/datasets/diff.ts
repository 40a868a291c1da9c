import type { Command } from 'commander'
import type { VersionDiff } from '../../data/datasets/diff/diff.ts'
import type { ChangedRow } from '../../data/datasets/diff/keys.ts'
import { integer, plural } from '../../runs/text.ts'
import { resultOf } from '../../sdk/task.ts'
import { interruptible } from '../interrupt.ts'
import { withClient } from '../list.ts'
import { bold, plain, print, table } from '../output.ts'
import { stageReporter } from '../progress.ts'

interface Told extends VersionDiff {
  readonly before: { readonly name: string; readonly version: number; readonly rows: number }
  readonly after: { readonly name: string; readonly version: number; readonly rows: number }
}

export function diff(noun: Command): void {
  noun
    .command('diff <before> <after>')
    .description('how a version differs from another: columns, rows by key, distributions')
    .option('--key <names>', 'columns that name a row, between commas (the declared key unless given)')
    .option('--json', 'print JSON')
    .action((before: string, after: string, o: { key?: string; json?: boolean }) =>
      interruptible((signal) =>
        withClient(async (client) => {
          const { progress } = stageReporter()
          const asked = { name: before, with: after, ...(o.key === undefined ? {} : { key: o.key }) }
          const found = await resultOf<Told>(await client.datasets.diff(asked, { signal }), progress)
          if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
          if (o.json) print(JSON.stringify(found))
          else tellDiff(found)
        }),
      ),
    )
}

export function tellDiff({ before, after, columns, files, rows, shift }: Told): void {
  const name = (v: Told['before']) => `${v.name}@${v.version} (${plural(v.rows, 'row')})`
  print(bold(`${name(before)} → ${name(after)}`))
  print(`files    ${files.shared} shared, ${files.before} only before, ${files.after} only after`)
  for (const c of columns.added) print(`column   + ${plain(c)}`)
  for (const c of columns.removed) print(`column   - ${plain(c)}`)
  for (const c of columns.retyped) print(`column   ${plain(c.name)}: ${c.before} → ${c.after}`)
  if (!rows) print('rows     not compared: name the columns of a key with --key')
  else {
    print(
      `rows     ${integer(rows.added)} added, ${integer(rows.removed)} removed, ${integer(rows.changed)} changed, ${integer(rows.same)} the same`,
    )
    for (const [column, n] of Object.entries(rows.columns)) print(`  ${plain(column)} changed in ${plural(n, 'row')}`)
    const { added, removed, changed } = rows.examples
    for (const row of changed) print(`  ~ ${key(row)}  ${changes(row)}`)
    for (const row of added) print(`  + ${key(row)}`)
    for (const row of removed) print(`  - ${key(row)}`)
  }
  if (shift.length === 0) return
  const sorted = shift.toSorted((a, b) => b.psi - a.psi)
  print(
    table(
      ['column', 'PSI', 'test', 'statistic', 'probability', 'missing before', 'after'],
      sorted.map((s) => [
        plain(s.name),
        s.psi.toFixed(4),
        s.test === 'ks' ? 'KS' : 'χ²',
        s.statistic.toFixed(s.test === 'ks' ? 4 : 1),
        s.probability < 1e-4 ? '< 0.0001' : s.probability.toFixed(4),
        ...s.missing.map((m) => `${(m * 100).toFixed(2)} %`),
      ]),
    ),
  )
}

const value = (v: unknown): string => plain(typeof v === 'string' ? v : JSON.stringify(v)).slice(0, 60)
const key = (row: ChangedRow): string =>
  Object.entries(row.key)
    .map(([name, v]) => `${plain(name)}=${value(v)}`)
    .join(' ')
const changes = (row: ChangedRow): string =>
  Object.entries(row.before ?? {})
    .map(([name, v]) => `${plain(name)}: ${value(v)} → ${value(row.after?.[name] ?? null)}`)
    .join('  ')
