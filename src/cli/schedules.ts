import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { firstOf } from '../runs/partitions/partitioned.ts'
import { requireOthers } from '../runs/watched.ts'
import type { Client } from '../sdk/index.ts'
import { jobBody, jobOptions, type QueueOptions } from './jobs.ts'
import { type ListOptions, listOptions, printPage, withClient } from './list.ts'
import { bold, plain, print, when } from './output.ts'
import { loadDeclared } from './recipe.ts'
import { span } from './span.ts'

interface SetOptions extends QueueOptions {
  readonly cron?: string
  readonly on?: string
  readonly zone: string
  /** ms */
  readonly doneWithin?: number
  readonly calendar?: string
  readonly except?: Schedule['except'] & string
  readonly instead?: Schedule['instead'] & string
  readonly catchUp: 'none' | 'once' | 'all'
}

/** Patterns of files start at the recipe's folder. */
const watchOf = (on: string, folder: string): string =>
  on.startsWith('files:') ? `files:${resolve(folder, on.slice('files:'.length))}` : on

type Schedule = Awaited<ReturnType<Client['schedules']['list']>>['items'][number]

/** This machine's own. */
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone

export function schedules(): Command {
  const noun = new Command('schedules').description(
    'recipes that workers run at moments of a cron, or when something has changed',
  )
  jobOptions(
    noun
      .command('set <name> <recipe>')
      .description(
        'run a recipe at moments of a cron, or when something has changed; said again, it is as it is said then',
      )
      .option('--cron <fields>', "minute, hour, day, month, day of the week: '0 6 * * 1-5' is six o'clock on weekdays")
      .option(
        '--on <what>',
        'instead: dataset:NAME for each new version of it, files:PATTERN when files are new or changed, drift:ENDPOINT when a window of its requests is an alarm, failed:RECIPE when a job of that has failed for good',
      )
      .option(
        '--done-within <span>',
        'how long after its moment a job is to be done, such as 2h: an alert (GALLEY_ALERTS) is sent where it is not',
        span,
      )
      .option('--calendar <calendar>', 'a calendar (galley calendars) or a country, such as KR: its holidays count')
      .addOption(
        new Option('--except <days>', 'rest on these days; with a calendar on non-business-days, unless given').choices(
          ['holidays', 'weekends', 'non-business-days'],
        ),
      )
      .addOption(
        new Option('--instead <day>', 'come at the same time of the next or previous day that is none of them').choices(
          ['next-day', 'previous-day'],
        ),
      )
      .option('--zone <zone>', 'the time zone whose clock is read', ZONE)
      .addOption(
        new Option('--catch-up <which>', 'moments at which no worker ran: none, the newest once, or all')
          .choices(['none', 'once', 'all'])
          .default('once'),
      ),
  )
    .option('--json', 'print JSON')
    .action(async (name: string, path: string, o: SetOptions) => {
      const { made, folder } = await loadDeclared(path)
      // what a worker loads is known here alone
      if (o.on !== undefined && 'of' in made) requireOthers(watchOf(o.on, folder), made.of(firstOf(made.dimensions)))
      const recipe = 'of' in made ? { format: 1, name: made.name, file: resolve(path) } : made
      await withClient(async (client) => {
        const body = {
          recipe: JSON.parse(JSON.stringify(recipe)),
          ...{ folder: resolve(folder), zone: o.zone, catchUp: o.catchUp, ...jobBody(o) },
          ...(o.cron === undefined ? {} : { cron: o.cron }),
          ...(o.doneWithin === undefined ? {} : { doneWithin: o.doneWithin / 1000 }),
          ...(o.calendar === undefined ? {} : { calendar: o.calendar }),
          ...(o.except === undefined ? {} : { except: o.except }),
          ...(o.instead === undefined ? {} : { instead: o.instead }),
          ...(o.on === undefined ? {} : { watch: watchOf(o.on, folder) }),
        }
        tell(await client.schedules.set({ name, body }), o)
        if (o.json) return
        print(`a worker has to run then: galley worker${'of' in made ? ` --recipes ${resolve(folder)}: it loads the file when it is due, and runs the newest window` : ''}`) // biome-ignore format: one line
      })
    })
  listOptions(noun.command('ls').description('list schedules')).action((o: ListOptions) =>
    printPage(
      o,
      (c, page) => c.schedules.list(page),
      ['name', 'recipe', 'when', 'zone', 'next', 'last', 'catches up'],
      (s) => [
        s.name,
        plain(s.recipe),
        plain(s.cron ?? s.watch ?? ''),
        s.cron === null ? '–' : s.zone,
        s.paused ? 'paused' : when(s.next),
        when(s.last),
        s.catchUp,
      ],
      "no schedule yet: galley schedules set NAME RECIPE --cron '0 6 * * *'",
    ),
  )
  noun
    .command('show <name>')
    .description('show a schedule and the moments that come')
    .option('--json', 'print JSON')
    .action((name: string, o: { json?: boolean }) =>
      withClient(async (client) => {
        const found = await client.schedules.get({ name })
        tell(found, o)
        if (!o.json) for (const moment of found.coming) print(`  ${when(moment)} UTC`)
      }),
    )
  const on = (verb: 'pause' | 'resume', description: string) =>
    noun
      .command(`${verb} <name>`)
      .description(description)
      .option('--json', 'print JSON')
      .action((name: string, o: { json?: boolean }) =>
        withClient(async (client) => tell(await client.schedules[verb]({ name, body: {} }), o)),
      )
  on('pause', 'stop a schedule until it is resumed')
  on('resume', 'let a schedule go on with the next moment from now')
  noun
    .command('fire <name>')
    .description('queue a run of it now')
    .option('--json', 'print JSON')
    .action((name: string, o: { json?: boolean }) =>
      withClient(async (client) => {
        const job = await client.schedules.fire({ name, body: {} })
        print(o.json ? JSON.stringify(job) : `job ${job.number} of '${plain(name)}' is queued`)
      }),
    )
  noun
    .command('rm <name>')
    .description('take a schedule away; jobs that it queued stay')
    .action((name: string) =>
      withClient(async (client) => {
        await client.schedules.remove({ name, body: {} })
        print(`the schedule '${plain(name)}' is gone`)
      }),
    )
  return noun
}

/** ` but on holidays of KR` */
function restsOf(s: Schedule): string {
  if (s.except === null) return ''
  const of = s.calendar === null ? '' : ` of ${plain(s.calendar)}`
  const then = s.instead === null ? '' : `, then on the ${s.instead.replace('-', ' ')} that is none`
  return ` but on ${s.except}${of}${then}`
}

/** What a schedule waits for, in words. */
function whenOf(watch: string): string {
  const of = (kind: string) => plain(watch.slice(kind.length))
  if (watch.startsWith('drift:')) return `when the monitor of ${of('drift:')} is alarmed`
  if (watch.startsWith('failed:')) return `when a job of ${of('failed:')} has failed`
  return `when ${plain(watch)} has changed`
}

function tell(s: Schedule, { json }: { readonly json?: boolean }): void {
  if (json) {
    print(JSON.stringify(s))
    return
  }
  if (s.watch !== null) {
    print(`${bold(s.name)}  runs ${plain(s.recipe)} ${whenOf(s.watch)}${s.paused ? '  paused' : ''}`)
    return
  }
  const next = s.paused ? 'paused' : s.next === null ? 'it never comes' : `next at ${when(s.next)} UTC`
  print(`${bold(s.name)}  runs ${plain(s.recipe)} at '${s.cron}' in ${s.zone}${restsOf(s)}  ${next}`)
}
