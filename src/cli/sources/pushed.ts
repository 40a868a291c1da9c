import type { Command } from 'commander'
import type { z } from 'zod'
import type { pushSource } from '../../api/contract/sources.ts'
import { asGalleyError, GalleyError } from '../../base/errors.ts'
import type { Finding, SourceSpec } from '../../data/connectors/connector.ts'
import type { PushOptions } from '../../data/connectors/push.ts'
import { parseType, type TypeName, typeName } from '../../plan/types.ts'
import { plural } from '../../runs/text.ts'
import { type ListOptions, listOptions, printPage, withClient } from '../list.ts'
import { plain, print, table, when } from '../output.ts'
import { loadRecipe } from '../recipe.ts'

/** Adds what is done with sources that are pushed to. */
export function pushSources(noun: Command): void {
  noun
    .command('open <recipe>')
    .description('make the push sources of a recipe known, so that batches can be pushed to them')
    .option('--json', 'print JSON')
    .action(async (path: string, o: { json?: boolean }) => {
      const { recipe } = await loadRecipe(path)
      const specs = recipe.steps
        .filter((s) => s.kind === 'source')
        .map((s) => s.spec as SourceSpec)
        .filter((s) => s.connector === 'push')
      if (specs.length === 0)
        throw new GalleyError('USAGE_INVALID', {
          what: `nothing is pushed to the recipe '${recipe.name}'`,
          why: 'none of its sources is a push()',
          fix: "declare one: k.source('orders', push('orders', { … }))",
        })
      await withClient(async (client) => {
        const opened = []
        for (const { path: name, columns, options } of specs) {
          const { mostBroken, onSchemaChange } = options as PushOptions
          const body = {
            columns: { ...columns },
            ...(mostBroken === undefined ? {} : { mostBroken }),
            ...(onSchemaChange === undefined ? {} : { onSchemaChange }),
          }
          opened.push(await client.sources.open({ name, body }))
        }
        if (o.json) return print(JSON.stringify(opened))
        for (const s of opened)
          print(
            `${s.name}  ${plural(Object.keys(s.columns).length, 'column')}  ${s.batches} ${s.batches === 1 ? 'batch' : 'batches'} so far`,
          )
      })
    })
  listOptions(noun.command('ls').description('list the sources that batches are pushed to')).action((o: ListOptions) =>
    printPage(
      o,
      (c, page) => c.sources.list(page),
      ['name', 'batches', 'rows', 'set aside', 'bytes', 'last'],
      (s) => [s.name, s.batches, s.rows, s.broken, s.bytes, when(s.updated)],
      'nothing can be pushed to yet: galley sources open RECIPE makes its push sources known',
    ),
  )
  listOptions(
    noun.command('batches <name>').description('list the batches that were pushed to a source, newest first'),
  ).action((name: string, o: ListOptions) =>
    printPage(
      o,
      (c, page) => c.sources.batches({ name, ...page }),
      ['batch', 'key', 'rows', 'set aside', 'bytes', 'taken in'],
      (b) => [b.batch, plain(b.key), b.rows, b.broken, b.bytes, when(b.taken)],
      'nothing was pushed to it yet',
    ),
  )
}

type PushSource = z.output<typeof pushSource>

/** What a push source takes in, as `galley preview` shows it; undefined where none is known by that name. */
export const previewPushed = (name: string): Promise<PushSource | undefined> =>
  withClient(async (client) => {
    try {
      return await client.sources.get({ name })
    } catch (thrown) {
      if (asGalleyError(thrown).code === 'SOURCE_UNKNOWN') return undefined
      throw thrown
    }
  })

/** Tells of a push source: what came, its columns, and how a recipe declares it. */
export function tellPushed({ name, columns, batches, rows, broken }: PushSource): void {
  const types = Object.entries(columns).map(
    ([column, type]) => [column, typeName(parseType(type as TypeName))] as const,
  )
  const came = `${batches} ${batches === 1 ? 'batch' : 'batches'}  ${plural(rows, 'row')}  ${broken} set aside`
  print(`${plain(name)}  push  ${batches === 0 ? `nothing was pushed to it yet: galley push ${name} FILE` : came}`)
  print(table(['column', 'type'], types.map(([column, type]) => [plain(column), type]))) // biome-ignore format: one line
  print(
    `push('${name}', {\n${types.map(([column, type]) => `  ${JSON.stringify(plain(column))}: '${type}',`).join('\n')}\n})`,
  )
}

/** Whether a push source is known, and as the recipe declares it. */
export const checkPushed = ({ path: name, columns }: SourceSpec): Promise<Finding[]> =>
  withClient(async (client) => {
    try {
      const known = await client.sources.get({ name })
      const says = `${known.batches} ${known.batches === 1 ? 'batch' : 'batches'} of ${plural(known.rows, 'row')}`
      const nameOf = (type: unknown) => (type === undefined ? 'not known' : typeName(parseType(type as TypeName)))
      const findings = Object.entries<TypeName>(columns).map(([column, type]): Finding => {
        const [has, wants] = [nameOf(known.columns[column]), nameOf(type)]
        const same = has === wants
        const text = `'${column}' is ${has}${same ? '' : `, and is declared ${wants}: galley sources open brings it there`}`
        return { name: 'columns', ok: same, says: text }
      })
      const empty = `nothing was pushed to it yet: a run would read no row; push a batch: galley push ${name} FILE`
      const first = known.batches === 0 ? { warning: true, says: empty } : { says }
      return [{ name: 'reachable', ok: true, ...first }, ...findings]
    } catch (thrown) {
      const { code, what, fix } = asGalleyError(thrown)
      if (code !== 'SOURCE_UNKNOWN') throw thrown
      return [{ name: 'reachable', ok: false, says: [what, fix].filter(Boolean).join('; ') }]
    }
  })
