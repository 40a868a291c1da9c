import { Command } from 'commander'
import { type Type, typeName } from '../plan/types.ts'
import { type ListOptions, listOptions, printPage, withClient } from './list.ts'
import { bold, errorText, plain, print, self, table, when } from './output.ts'

export function endpoints(): Command {
  const noun = new Command('endpoints').description('deployed endpoints')
  listOptions(noun.command('ls').description('list endpoints')).action((o: ListOptions) =>
    printPage(
      o,
      (c, page) => c.endpoints.list(page),
      ['name', 'model', 'state', 'deployment', 'since'],
      (e) => [e.name, e.model, stateOf(e), `${e.generation}`, when(e.updated)],
      'no endpoint yet: run a recipe that serves one',
    ),
  )
  noun
    .command('show <name>')
    .description('show what an endpoint takes and how it is doing')
    .option('--json', 'print JSON')
    .action((name: string, o: { json?: boolean }) =>
      withClient(async (client) => {
        const e = await client.endpoints.get({ name })
        if (o.json) return print(JSON.stringify(e))
        print(`${bold(e.name)}  ${e.model}  ${e.state}  deployment ${e.generation} since ${when(e.updated)}`)
        if (e.serving !== null && e.serving !== e.generation) print(`deployment ${e.serving} answers meanwhile`)
        if (e.state === 'stopped') print(`no server has it: ${self()} up starts one`)
        if (e.error) print(errorText(e.error))
        for (const state of e.states) print(`remembers ${state}`)
        print(
          table(
            ['request', 'type', 'may be null'],
            e.input.map((f) => [f.name, typeName(f.type as Type), f.nullable ? 'yes' : 'no']),
          ),
        )
        if (e.feed.length > 0)
          print(
            table(
              ['event', 'type', 'may be null'],
              e.feed.map((f) => [f.name, typeName(f.type as Type), f.nullable ? 'yes' : 'no']),
            ),
          )
        print(`try it: ${self()} predict ${e.name} --json '${JSON.stringify(e.example)}'`)
      }),
    )
  listOptions(
    noun.command('drift <name>').description('compare what the endpoint was asked with its training data'),
  ).action((name: string, o: ListOptions) =>
    withClient(async (client) => {
      const d = await client.endpoints.drift({
        name,
        ...(o.limit ? { limit: o.limit } : {}),
        ...(o.cursor ? { cursor: o.cursor } : {}),
      })
      if (o.json) return print(JSON.stringify(d))
      const verdict = (v: typeof d.overall) => [v.status, v.rows, v.psi.toFixed(3), v.ks.toFixed(3), v.worst ?? '–']
      print(
        table(
          ['window', 'verdict', 'rows', 'PSI', 'KS', 'most shifted'],
          [
            ['all', ...verdict(d.overall)],
            ...d.windows.items.map((w) => [`${when(w.start)} – ${when(w.end)}`, ...verdict(w.verdict)]),
          ],
        ),
      )
      if (d.windows.next) print(`more: --cursor ${d.windows.next}`)
    }, name),
  )
  return noun
}

const stateOf = (e: {
  state: string
  generation: number
  serving: number | null
  error: { what: string } | null
}): string =>
  `${e.state}${e.serving !== null && e.serving !== e.generation ? `, ${e.serving} answers` : ''}${e.error ? `: ${plain(e.error.what)}` : ''}`
