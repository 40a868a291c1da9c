import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../base/clock.ts'
import { GalleyError } from '../base/errors.ts'
import { daysOf } from '../runs/holidays/file.ts'
import { count, type ListOptions, listOptions, printPage, withClient } from './list.ts'
import { bold, plain, print, table } from './output.ts'

function country(text: string): string {
  if (/^[A-Z]{2}$/.test(text)) return text
  throw new InvalidArgumentError('give a country in two capital letters, such as KR')
}

function read(file: string): ReturnType<typeof daysOf> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new GalleyError('USAGE_INVALID', { what: `${file} can't be read`, why: (cause as Error).message, fix: 'name a file that is there', cause }) // biome-ignore format: one line
  }
  return daysOf(text, file)
}

export function calendars(): Command {
  const noun = new Command('calendars').description('holidays on which schedules rest: of a country, and your own')
  noun
    .command('set <name>')
    .description('make a calendar; said again, it is as it is said then, and schedules that name it go by it')
    .option('--country <code>', 'a country whose holidays are its holidays, too: KR or JP', country)
    .option(
      '--file <file>',
      "days of your own: an iCalendar (.ics), or a text with one a line: '2026-05-01 Labour Day', '!2026-07-17' for a day of the country that is worked",
    )
    .option('--json', 'print JSON')
    .action(async (name: string, o: { country?: string; file?: string; json?: boolean }) => {
      if (o.country === undefined && o.file === undefined)
        throw new GalleyError('USAGE_INVALID', {
          what: 'nothing says which days are holidays',
          fix: 'name a country, a file, or both: galley calendars set office --country KR --file our-days.txt',
        })
      const { days, working } = o.file === undefined ? { days: [], working: [] } : read(o.file)
      await withClient(async (client) => {
        const body = { days: [...days], working: [...working], ...(o.country === undefined ? {} : { country: o.country }) } // biome-ignore format: one line
        const made = await client.calendars.set({ name, body })
        if (o.json) return print(JSON.stringify(made))
        print(`${bold(made.name)}  ${[made.country === null ? [] : [`holidays of ${made.country}`], `${made.days.length} of its own`, made.working.length > 0 ? [`without ${made.working.length}`] : []].flat().join(', ')}`) // biome-ignore format: one line
      })
    })
  listOptions(noun.command('ls').description('list calendars')).action((o: ListOptions) =>
    printPage(
      o,
      (c, page) => c.calendars.list(page),
      ['calendar', 'country', 'own days', 'days worked'],
      (c) => [c.name, c.country ?? '–', c.days, c.working],
      'no calendar yet: galley calendars set NAME --country KR; a schedule may also name a country itself: --calendar KR',
    ),
  )
  noun
    .command('show <name>')
    .description('show the holidays of a calendar, or of a country (KR, JP): of this year, or another')
    .option('--year <year>', 'which year', count)
    .option('--json', 'print JSON')
    .action((name: string, o: { year?: number; json?: boolean }) =>
      withClient(async (client) => {
        const found = await client.calendars.get({ name, year: o.year ?? new Date(systemClock.now()).getFullYear() })
        if (o.json) return print(JSON.stringify(found))
        print(table(['date', 'holiday'], found.holidays.map((h) => [h.date, plain(h.name)]))) // biome-ignore format: one line
        if (found.until !== null) print(`known up to ${found.until}`)
      }),
    )
  noun
    .command('rm <name>')
    .description('take a calendar away that no schedule names')
    .action((name: string) =>
      withClient(async (client) => {
        await client.calendars.remove({ name, body: {} })
        print(`the calendar '${plain(name)}' is gone`)
      }),
    )
  return noun
}
