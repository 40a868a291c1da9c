import { join } from 'node:path'
import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { type Type, typeName } from '../plan/types.ts'
import { bytes, plural } from '../runs/text.ts'
import type { Client } from '../sdk/index.ts'
import { diff } from './datasets/diff.ts'
import { forget } from './datasets/forget.ts'
import { compact, retain } from './datasets/keep.ts'
import { reprocess } from './datasets/reprocess.ts'
import { rejected, rows } from './datasets/rows.ts'
import { scrub } from './datasets/scrub.ts'
import { showSketches } from './datasets/sketches.ts'
import { count, type ListOptions, listOptions, printPage, versionOf, withClient } from './list.ts'
import { bold, plain, print, table, when } from './output.ts'

type DatasetVersion = Awaited<ReturnType<Client['datasets']['get']>>

/** What a version's publishing step set aside. */
interface Aside {
  readonly rejected?: Readonly<Record<string, number>>
  readonly rejectedFile?: string
}

/** Who made a version that is here by reference. */
export const madeIn = ({ workspace, version, run, recipe }: NonNullable<DatasetVersion['origin']>): string =>
  plain(`in the workspace ${workspace} (there @${version})${run === null ? '' : `, by run ${run} of ${recipe}`}`)

export function datasets(): Command {
  const noun = new Command('datasets').description('datasets and their versions')
  listOptions(noun.command('ls').description('list datasets')).action((o: ListOptions) =>
    printPage(
      o,
      (c, page) => c.datasets.list(page),
      ['name', 'newest'],
      (d) => [d.name, `@${d.latest}`],
      'no dataset yet: run a recipe that makes one',
    ),
  )
  listOptions(noun.command('versions <name>').description('list the versions of a dataset')).action(
    (name: string, o: ListOptions) =>
      printPage(
        o,
        (c, page) => c.datasets.versions({ name, ...page }),
        ['version', 'rows', 'size', 'created', 'hash'],
        (v) => [`@${v.version}`, v.rows, bytes(v.bytes), when(v.created), v.hash.slice(0, 12)],
        'no versions',
      ),
  )
  noun
    .command('show <name>')
    .description('show a version: name@3, name@tag, or the newest')
    .option('--version <n>', 'version', count)
    .option('--sketches', 'what its columns hold, from the sketches of its files: a file without one is read once')
    .option('--json', 'print JSON')
    .action((name: string, o: { version?: number; sketches?: boolean; json?: boolean }) => {
      if (o.sketches) return showSketches(versionOf(name, o.version), o.json === true)
      return withClient(async (client) => {
        const v = await client.datasets.get(versionOf(name, o.version))
        if (o.json) return print(JSON.stringify(v))
        print(
          `${bold(`${v.name}@${v.version}`)}  ${plural(v.rows, 'row')}  ${bytes(v.bytes)}  created ${when(v.created)}  hash ${v.hash.slice(0, 12)}`,
        )
        if (v.origin) print(`made     ${madeIn(v.origin)}`)
        const { rejected = {}, rejectedFile } = v.details as Aside
        for (const [reason, n] of Object.entries(rejected)) print(`rejected ${n.toLocaleString('en-US')}: ${reason}`)
        if (rejectedFile)
          print(`  kept in ${join(readConfig().home, rejectedFile)}: galley datasets rejected ${v.name}@${v.version}`)
        print(
          table(
            ['column', 'type', 'may be null'],
            v.schema.map((f) => [f.name, typeName(f.type as Type), f.nullable ? 'yes' : 'no']),
          ),
        )
      })
    })
  noun
    .command('tag <version> <tag>')
    .description('give a version (name@3, or the newest) a tag; one that another version has moves')
    .option('--remove', 'take the tag away')
    .action((name: string, tag: string, o: { remove?: boolean }) =>
      withClient(async (client) => {
        const v = await client.datasets.get({ name })
        await client.datasets.tag({ name: v.name, body: { tag, version: o.remove ? null : v.version } })
        print(o.remove ? `${v.name} has no tag ${tag} any more` : `${v.name}@${tag} is ${v.name}@${v.version}`)
      }),
    )
  listOptions(noun.command('tags <name>').description('list the tags of a dataset')).action(
    (name: string, o: ListOptions) =>
      printPage(
        o,
        (c, page) => c.datasets.tags({ name, ...page }),
        ['tag', 'version', 'since'],
        (t) => [t.tag, `@${t.version}`, when(t.created)],
        'no tags: galley datasets tag NAME@3 prod gives one',
      ),
  )
  noun
    .command('iceberg <version>')
    .description('where a version lies as an Iceberg table: the path of its metadata, for readers such as pyiceberg')
    .action((name: string) =>
      withClient(async (client) => print((await client.datasets.iceberg({ name, body: {} })).metadata)),
    )
  rows(noun)
  rejected(noun)
  reprocess(noun)
  scrub(noun)
  diff(noun)
  retain(noun)
  compact(noun)
  forget(noun)
  return noun
}
