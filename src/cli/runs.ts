import { join } from 'node:path'
import { Command, Option } from 'commander'
import { readConfig } from '../base/config.ts'
import { type LedgerEntry, totalOf } from '../engines/ledger.ts'
import { byCount, bytes } from '../runs/text.ts'
import { eventsOf } from '../sdk/events.ts'
import { nameOf } from './jobs.ts'
import { type ListOptions, listOptions, printPage, withClient } from './list.ts'
import { bold, errorText, plain, print, table, when } from './output.ts'
import { log } from './runs/log.ts'

const seconds = (s: number | null): string => (s === null ? '–' : `${s.toFixed(1)} s`)

const watched = (s: {
  id: string
  status: string
  cached: boolean
  seconds: number | null
  progress: Told | null
}): string =>
  `  ${s.status.padEnd(8)} ${s.id}  ${s.progress ? progressText(s.progress) : s.cached ? 'cached' : s.seconds === null ? '' : seconds(s.seconds)}`

interface Told {
  readonly done: number
  readonly total: number | null
  readonly unit: string
  readonly left: number | null
}

/** How far a step is: `34 %, 12 s left`. */
function progressText({ done, total, unit, left }: Told): string {
  const much = total ? `${((done / total) * 100).toFixed(0)} %` : `${done.toLocaleString('en-US')} ${unit}`
  return `${much}${left === null ? '' : `, ${left.toFixed(0)} s left`}`
}

const STATES = ['running', 'waiting', 'done', 'failed', 'cancelled'] as const

export function runs(): Command {
  const noun = new Command('runs').description('runs of recipes and their steps')
  listOptions(
    noun
      .command('ls')
      .description('list runs, newest first')
      .option('--recipe <name>', 'of one recipe')
      .addOption(new Option('--status <which>', 'in one state').choices([...STATES])),
  ).action((o: ListOptions & { recipe?: string; status?: (typeof STATES)[number] }) =>
    printPage(
      o,
      (c, page) =>
        c.runs.list({ ...page, ...(o.recipe ? { recipe: o.recipe } : {}), ...(o.status ? { status: o.status } : {}) }),
      ['run', 'recipe', 'status', 'started', 'took'],
      (r) => [
        `${r.number}`,
        nameOf(r),
        r.status,
        when(r.started),
        seconds(r.ended === null ? null : (r.ended - r.started) / 1000),
      ],
      'no run yet: galley run RECIPE',
    ),
  )
  noun
    .command('cancel <run>')
    .description('cancel a run that is under way or waits; its process stops within two seconds')
    .option('--json', 'print JSON')
    .action((run: string, o: { json?: boolean }) =>
      withClient(async (client) => {
        const r = await client.runs.cancel({ run, body: {} })
        print(o.json ? JSON.stringify(r) : `${bold(`run ${r.number}`)}  ${nameOf(r)}  ${r.status}`)
      }),
    )
  log(noun)
  noun
    .command('watch <run>')
    .description('follow a run that another process is at, until it ends or waits')
    .option('--json', 'print each change as JSON')
    .action((run: string, o: { json?: boolean }) =>
      withClient(async (client) => {
        const { bytes } = await client.runs.events({ run })
        for await (const { event, data } of eventsOf(bytes)) {
          if (o.json) print(JSON.stringify({ event, ...data }))
          else if (event === 'step') print(watched(data as never))
          else if (event === 'run') print(`${bold(`run ${data['number']}`)}  ${data['status']}`)
        }
      }),
    )
  noun
    .command('show <run>')
    .description('show a run and its steps, by number')
    .option('--json', 'print JSON')
    .action((run: string, o: { json?: boolean }) =>
      withClient(async (client) => {
        const r = await client.runs.get({ run })
        if (o.json) return print(JSON.stringify(r))
        print(`${bold(`run ${r.number}`)}  ${nameOf(r)}  ${r.status}  started ${when(r.started)}`)
        const moved = r.steps.map((s) => totalOf(Object.values(s.ledger ?? {})))
        const device = moved.some((m) => m.up + m.down + m.readbacks > 0)
        print(
          table(
            [
              'step',
              'kind',
              'status',
              'took',
              'processor',
              'memory',
              'read',
              'wrote',
              ...(device ? ['to device', 'from it', 'readbacks'] : []),
            ],
            r.steps.map((s, i) => {
              const m = moved[i] as LedgerEntry
              return [
                s.id,
                s.kind,
                s.cached ? `${s.status} (cached)` : s.status,
                seconds(s.seconds),
                seconds(s.resources?.cpuSeconds ?? null),
                s.resources ? bytes(s.resources.peakBytes) : '–',
                ...[m.bytesIn, m.bytesOut].map((n) => (s.ledger ? bytes(n) : '–')),
                ...(device ? [bytes(m.up), bytes(m.down), m.readbacks] : []),
              ]
            }),
          ),
        )
        if (r.cost) print(costText(r.cost))
        for (const s of r.steps) {
          if (s.progress) print(`${s.id} is at it: ${progressText(s.progress)}`)
          for (const reason of s.because) print(`${s.id} ran again because ${plain(reason)}`)
          if (s.computed) print(`${s.id} computed by ${plain(`${s.computed.by}: ${s.computed.why}`)}`)
          for (const [edge, e] of Object.entries(s.ledger ?? {}))
            if ((e.up ?? 0) + (e.down ?? 0) + (e.readbacks ?? 0) > 0)
              print(
                `  ${edge}: ${bytes(e.up ?? 0)} to device, ${bytes(e.down ?? 0)} from it, ${e.readbacks ?? 0} readbacks`,
              )
          const reasons = byCount(s.rejected).map(([reason, n]) => `${reason} ${n.toLocaleString('en-US')}`)
          if (reasons.length > 0) print(`${s.id} set aside: ${plain(reasons.join(' · '))}`)
          if (s.rejectedFile) print(`  kept in ${join(readConfig().home, s.rejectedFile)}`)
        }
        if (r.error) print(errorText(r.error))
      }),
    )
  noun
    .command('diff <before> <after>')
    .description('how the recipes of two runs differ: what their plans mean, step by step')
    .option('--json', 'print JSON')
    .action((before: string, after: string, o: { json?: boolean }) =>
      withClient(async (client) => {
        const found = await client.runs.changes({ run: after, since: before })
        if (o.json) return print(JSON.stringify(found))
        if (found.steps.length === 0) print(`runs ${found.before} and ${found.after} ran the same recipe`)
        for (const { step, change, changes } of found.steps) {
          print(`${bold(step)}${change === 'changed' ? '' : ` is ${change === 'added' ? 'new' : 'gone'}`}`)
          for (const line of changes) print(`  ${plain(line)}`)
        }
      }),
    )
  noun
    .command('lineage <run>')
    .description('what a run and its steps read and made: events of OpenLineage, one a line')
    .action((run: string) =>
      withClient((client) => printLines((cursor) => client.runs.lineage({ run, limit: 500, ...cursor }))),
    )
  noun
    .command('trace <run>')
    .description('a run and its steps as spans of OpenTelemetry (OTLP in JSON), one a line')
    .action((run: string) =>
      withClient((client) => printLines((cursor) => client.runs.trace({ run, limit: 500, ...cursor }))),
    )
  return noun
}

/** What the processor time of a run costs; of small amounts two digits that say something. */
function costText({ amount, currency }: { amount: number; currency: string | null }): string {
  const text = amount < 1 ? amount.toPrecision(2) : amount.toFixed(2)
  return `its processor time costs ${Number(text)}${currency ? ` ${currency}` : ''}`
}

/** Prints the items of all pages, as JSON, one a line. */
async function printLines(
  ask: (cursor: {
    cursor?: string
  }) => Promise<{ readonly items: readonly unknown[]; readonly next?: string | undefined }>,
): Promise<void> {
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const page = await ask(cursor ? { cursor } : {})
    for (const item of page.items) print(JSON.stringify(item))
    cursor = page.next
  }
}
