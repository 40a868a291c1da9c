import { Command, Option } from 'commander'
import type { Client } from '../sdk/index.ts'
import { nameOf } from './jobs.ts'
import { count, type ListOptions, listOptions, printPage, withClient } from './list.ts'
import { bold, plain, print, when } from './output.ts'

const STATES = ['open', 'approved', 'rejected'] as const

type Approval = Awaited<ReturnType<Client['approvals']['get']>>

export function approvals(): Command {
  const noun = new Command('approvals').description('what people are asked before runs go on')
  listOptions(
    noun
      .command('ls')
      .description('list approvals, newest first')
      .addOption(new Option('--status <which>', 'in one state').choices([...STATES])),
  ).action((o: ListOptions & { status?: (typeof STATES)[number] }) =>
    printPage(
      o,
      (c, page) => c.approvals.list({ ...page, ...(o.status ? { status: o.status } : {}) }),
      ['approval', 'recipe', 'step', 'status', 'asked', 'by', 'ask'],
      (a) => [`${a.number}`, nameOf(a), a.step, a.status, when(a.created), plain(a.by ?? '–'), plain(a.ask)],
      'nobody is asked anything: a recipe asks with k.approve(…)',
    ),
  )
  noun
    .command('show <approval>')
    .description('show what is asked of what, and what was decided')
    .option('--json', 'print JSON')
    .action((text: string, o: { json?: boolean }) =>
      withClient(async (client) => {
        const a = await client.approvals.get({ approval: count(text) })
        if (o.json) return print(JSON.stringify(a))
        tell(a)
        for (const { step, says } of a.made) print(`  ${step}  ${plain(says)}`)
        const { number, status } = await client.runs.get({ run: a.run })
        print(`asked first by run ${number}, which is ${status}: galley runs show ${number}`)
      }),
    )
  for (const verb of ['approve', 'reject'] as const)
    noun
      .command(`${verb} <approval>`)
      .description(verb === 'approve' ? 'let the runs that wait for it go on' : 'let the runs that wait for it fail')
      .option('--note <text>', 'what is kept beside it')
      .option('--json', 'print JSON')
      .action((text: string, o: { note?: string; json?: boolean }) =>
        withClient(async (client) => {
          const approval = count(text)
          const a = await client.approvals[verb]({ approval, body: o.note === undefined ? {} : { note: o.note } })
          if (o.json) return print(JSON.stringify(a))
          tell(a)
          const { number, status } = await client.runs.get({ run: a.run })
          for (const job of a.jobs) print(`job ${job} goes on once a worker takes it: galley worker`)
          if (a.jobs.length === 0 && status === 'waiting')
            print(`run ${number} goes on: galley run RECIPE --resume ${number}`)
        }),
      )
  return noun
}

function tell(a: Approval): void {
  const by = a.by === null ? '' : ` by ${plain(a.by)} ${when(a.decided)}${a.note ? `: ${plain(a.note)}` : ''}`
  print(`${bold(`approval ${a.number}`)}  ${nameOf(a)}  ${a.step}  ${a.status}${by}`)
  print(`  ${plain(a.ask)}`)
}
