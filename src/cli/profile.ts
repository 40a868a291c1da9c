import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { systemClock } from '../base/clock.ts'
import { text } from '../base/i18n.ts'
import type { ColumnProfile } from '../data/profile/types.ts'
import { renderReport } from '../ml/analysis/report.ts'
import { plural } from '../runs/text.ts'
import { bold, inOneLine, note, plain, print, table } from './output.ts'
import { type Profiled, profiled } from './profiled.ts'

interface Options {
  readonly out?: string
  readonly target?: string
  readonly at?: string
  readonly json?: boolean
}

export function profile(): Command {
  return new Command('profile')
    .description('look at a whole table: counts, quantiles, distributions, how columns go together, warnings')
    .argument('<what>', 'a CSV, JSON or Parquet file, or a dataset (`name`, `name@3`)')
    .option('--out <file>', 'write the report as one HTML file, in English and Korean')
    .option('--target <column>', 'look at how the other columns move this one')
    .option('--at <keys>', 'where the records of a JSON file lie within it: data.items')
    .option('--json', 'print JSON')
    .action(async (what: string, o: Options) => {
      const found = await profiled(what, o.target, o.at)
      if (o.out) {
        const date = new Date(systemClock.now()).toISOString().slice(0, 16).replace('T', ' ')
        const facts = {
          dataset: found.name,
          version: found.version,
          recipe: null,
          run: null,
          date,
          verdicts: [],
          rejected: found.rejected ?? {},
        }
        const page = await renderReport(found.profile, facts, 'en')
        await writeFile(o.out, page)
        note(`report ${o.out}`)
      }
      if (o.json) print(JSON.stringify(found.rejected ? { ...found.profile, rejected: found.rejected } : found.profile))
      else tell(found)
    })
}

function tell({ name, version, profile: p, rejected = {} }: Profiled): void {
  const out = Object.values(rejected).reduce((a, b) => a + b, 0)
  const left = out > 0 ? `, of ${plural(p.rows + out, 'row')}: ${out.toLocaleString('en-US')} left out` : ''
  print(
    `${bold(plain(version === null ? name : `${name}@${version}`))}  ${plural(p.rows, 'row')} × ${p.columns.length}${left}`,
  )
  print()
  print(
    table(
      ['column', 'type', 'missing', 'different', 'lowest', 'middle', 'highest', 'most frequent'],
      p.columns.map(row(p.rows)),
    ),
  )
  if (p.warnings.length > 0) print()
  for (const w of p.warnings) {
    const [column = '', other = ''] = w.columns
    const params = w.code.startsWith('personal')
      ? { ...w.params, kind: text('en', `personal.${w.params['kind']}` as 'personal.phone') }
      : w.params
    const line = text('en', `warning.${w.code}`, { ...params, column, other })
    print(plain(`${text('en', `level.${w.level}`).padEnd(5)}  ${inOneLine(line)}`))
  }
}

const WIDTH = 24
const short = (value: string): string => plain(value.length > WIDTH ? `${value.slice(0, WIDTH - 1)}…` : value)
const figure = (x: number | null | undefined): string =>
  x === null || x === undefined ? '–' : String(Number(x.toPrecision(6)))

const row =
  (rows: number) =>
  (c: ColumnProfile): string[] => {
    const ends = c.number
      ? [figure(c.number.min), figure(c.number.quantiles[3]), figure(c.number.max)]
      : c.time
        ? [c.time.min, '', c.time.max]
        : ['', '', '']
    const different = c.distinct === null ? '–' : `${c.distinctError ? '≈ ' : ''}${c.distinct.toLocaleString('en-US')}`
    const missing = c.nulls === 0 ? '0' : `${Number(((100 * c.nulls) / rows).toPrecision(3))} %`
    return [plain(c.name), c.type, missing, different, ...ends, c.top[0] ? short(c.top[0].value) : '']
  }
