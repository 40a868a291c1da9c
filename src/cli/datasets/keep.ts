import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { Compacted } from '../../data/datasets/keep/compact.ts'
import { bytes, plural } from '../../runs/text.ts'
import { resultOf } from '../../sdk/task.ts'
import { interruptible } from '../interrupt.ts'
import { count, withClient } from '../list.ts'
import { print } from '../output.ts'
import { stageReporter } from '../progress.ts'

function days(text: string): number {
  const n = Number(text)
  if (!(Number.isFinite(n) && n >= 0)) throw new InvalidArgumentError('give a number of days')
  return n
}

export function retain(noun: Command): void {
  noun
    .command('retain <name>')
    .description('remove old versions and files that no other uses; those with a tag or a trained model stay')
    .option('--keep <n>', 'keep so many of the newest', count)
    .option('--days <d>', 'keep those of the last so many days', days)
    .option('--dry-run', 'only say what would go and what would stay')
    .option('--json', 'print JSON')
    .action((name: string, o: { keep?: number; days?: number; dryRun?: boolean; json?: boolean }) =>
      withClient(async (client) => {
        const asked = {
          ...(o.keep === undefined ? {} : { keep: o.keep }),
          ...(o.days === undefined ? {} : { days: o.days }),
        }
        const found = await client.datasets.retain({ name, body: { ...asked, dryRun: o.dryRun === true } })
        if (o.json) return print(JSON.stringify(found))
        for (const v of found.kept) print(`keeps    ${name}@${v.version}: ${v.why}`)
        for (const v of found.removed)
          print(`${o.dryRun ? 'would go' : 'removed '} ${name}@${v.version}  ${plural(v.rows, 'row')}`)
        if (!o.dryRun) print(`${plural(found.files, 'file')} removed, ${bytes(found.bytes)} freed`)
      }),
    )
}

export function compact(noun: Command): void {
  noun
    .command('compact <name>')
    .description('put small files of the newest version together, as a new version of the same rows')
    .option('--target-mb <n>', 'MB that a file is filled up to (134)', count)
    .option('--json', 'print JSON')
    .action((name: string, o: { targetMb?: number; json?: boolean }) =>
      interruptible((signal) =>
        withClient(async (client) => {
          const { progress } = stageReporter()
          const body = o.targetMb === undefined ? {} : { target: o.targetMb * 1_000_000 }
          const found = await resultOf<Compacted>(await client.datasets.compact({ name, body }, { signal }), progress)
          if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
          if (o.json) return print(JSON.stringify(found))
          if (found.before === found.after)
            return print(`${name}@${found.version}: its ${plural(found.after, 'file')} can't be put together further`)
          print(`${name}@${found.version}: ${plural(found.before, 'file')} → ${found.after}, ${bytes(found.bytes)}`)
        }),
      ),
    )
}
