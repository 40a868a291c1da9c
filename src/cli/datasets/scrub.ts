import type { Command } from 'commander'
import { throwIfAborted } from '../../base/errors.ts'
import { bytes, plural } from '../../runs/text.ts'
import type { Client } from '../../sdk/index.ts'
import { interruptible } from '../interrupt.ts'
import { withClient } from '../list.ts'
import { plain, print } from '../output.ts'
import { stageReporter } from '../progress.ts'

type Damage = Awaited<ReturnType<Client['datasets']['scrub']>>['damaged'][number]

export function scrub(noun: Command): void {
  noun
    .command('scrub [name]')
    .description('read every file of every version again and compare it with its checksum; exit code 1 for damage')
    .option('--json', 'print JSON')
    .action((name: string | undefined, o: { json?: boolean }) =>
      interruptible((signal) =>
        withClient(async (client) => {
          const { progress } = stageReporter()
          const damaged: Damage[] = []
          let [files, read] = [0, 0]
          let cursor: string | undefined
          do {
            throwIfAborted(signal)
            const body = { ...(name === undefined ? {} : { name }), ...(cursor === undefined ? {} : { cursor }) }
            const page = await client.datasets.scrub({ body }, { signal })
            damaged.push(...page.damaged)
            files += page.files
            read += page.bytes
            progress(page.dataset ?? 'datasets', page.done)
            cursor = page.next
          } while (cursor !== undefined)
          if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
          if (damaged.length > 0) process.exitCode = 1
          if (o.json) return print(JSON.stringify({ files, bytes: read, damaged }))
          for (const d of damaged) {
            print(`damaged  ${plain(d.path)}: ${d.why}`)
            print(`  used by ${d.versions.map((v) => `${d.dataset}@${v}`).join(', ')}`)
          }
          print(
            `${plural(files, 'file')}, ${bytes(read)}: ${damaged.length === 0 ? 'all as they were written' : `${damaged.length} damaged`}`,
          )
          if (damaged.length > 0) print('restore them from a backup, or run the recipes again')
        }),
      ),
    )
}
