import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Command, Option } from 'commander'
import { systemClock } from '../base/clock.ts'
import { GalleyError } from '../base/errors.ts'
import { LANGUAGES, type Language } from '../base/i18n.ts'
import { readIpc } from '../engines/arrow/index.ts'
import { createLedger } from '../engines/ledger.ts'
import { runPlan } from '../engines/plans.ts'
import type { Analysis, Asked, Columns } from '../ml/analysis/statistics/analysis.ts'
import { columnsOf } from '../ml/analysis/statistics/batches.ts'
import { givenOf } from '../ml/analysis/statistics/given.ts'
import { ANALYSES, analysisOf } from '../ml/analysis/statistics/index.ts'
import { figuresOf, renderAnalysis } from '../ml/analysis/statistics/page.ts'
import { number } from '../ml/analysis/text.ts'
import { parseCondition } from '../plan/condition.ts'
import { col } from '../plan/expr.ts'
import { build } from '../plan/nodes.ts'
import { interruptible } from './interrupt.ts'
import { withClient } from './list.ts'
import { bold, note, plain, print, table } from './output.ts'
import { withFile } from './sources/opened.ts'

interface Options {
  readonly test?: string
  readonly set: readonly string[]
  readonly where?: string
  readonly at?: string
  readonly lang: Language
  readonly html?: string
  readonly json?: boolean
  readonly list?: boolean
  readonly [role: string]: unknown
}

/** Rows of a table that are printed at most. */
const SHOWN = 40

/** What a column can be for, over all analyses. */
const ROLES = ['value', 'by', 'pair', 'x', 'before', 'time'] as const

const names = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(',').map((name) => name.trim()),
]
const settings = (text: string, before: readonly string[]): readonly string[] => [...before, text]

export function analyse(): Command {
  const command = new Command('analyse')
    .description(
      'a statistical analysis of a file or dataset: figures, a chart, and a sentence that says what they do not show',
    )
    .argument('[what]', 'a CSV, JSON or Parquet file, or a dataset (`name`, `name@3`); power needs none')
    .option('--test <name>', `which analysis: ${ANALYSES.join(', ')}`)
    .option('--list', 'tell what each analysis is, the columns it takes and its settings')
  for (const role of ROLES) command.option(`--${role} <columns>`, ABOUT[role], names)
  return command
    .option('--set <name=value>', 'a setting: groups=free,pro; confidence=0.99; again for another', settings, [])
    .option('--where <condition>', "only rows for which it holds: delay > 15 and origin in ('ICN', 'GMP')")
    .option('--at <keys>', 'where the records of a JSON file lie within it: data.items')
    .addOption(new Option('--lang <language>', 'of the sentence').choices(LANGUAGES).default('en'))
    .option('--html <file>', 'write figures, chart and sentence as one HTML file, in English and Korean')
    .option('--json', 'print JSON: the data, the chart (Vega-Lite) and the sentence')
    .action((what: string | undefined, o: Options) => (o.list ? list(o) : run(what, o)))
}

const ABOUT: Readonly<Record<(typeof ROLES)[number], string>> = {
  value: 'what is looked at (several between commas where the analysis takes them)',
  by: 'what splits the rows in groups or variants',
  pair: 'the second value of each row',
  x: 'what explains the value: columns between commas',
  before: 'cuped: what was known before the test began',
  time: 'what the rows are in order of',
}

async function run(what: string | undefined, o: Options): Promise<void> {
  if (o.test === undefined)
    throw new GalleyError('USAGE_INVALID', {
      what: 'no analysis is named',
      why: `there are ${ANALYSES.join(', ')}`,
      fix: 'add --test NAME; galley analyse --list tells what each of them is',
    })
  const analysis = await analysisOf(o.test)
  const asked = askedOf(analysis, o)
  const used = [...new Set(ROLES.flatMap((role) => (o[role] as readonly string[] | undefined) ?? []))]
  if (what === undefined && Object.keys(analysis.columns).length > 0)
    throw new GalleyError('USAGE_INVALID', {
      what: `${analysis.name} needs rows`,
      why: 'no file and no dataset is named',
      fix: `galley analyse FILE|DATASET --test ${analysis.name} …`,
    })
  const columns = what === undefined || used.length === 0 ? {} : await read(what, used, o)
  const found = analysis.run(givenOf(analysis, columns, asked))
  const name = what === undefined ? '–' : existsSync(what) ? basename(what) : what
  if (o.html) {
    const date = new Date(systemClock.now()).toISOString().slice(0, 16).replace('T', ' ')
    await writeFile(o.html, await renderAnalysis(analysis, found, { dataset: name, date }, o.lang))
    note(`analysis ${o.html}`)
  }
  const sentence = found.sentence(o.lang)
  if (o.json) return print(JSON.stringify({ data: found.data, chart: found.chart, sentence }))
  print(`${bold(plain(analysis.name))}  ${plain(name)}  ${analysis.about[o.lang]}`)
  print()
  print(plain(sentence))
  for (const { name: of, head, rows } of figuresOf(found.data)) {
    const cells = rows
      .slice(0, SHOWN)
      .map((r) => r.map((v) => (typeof v === 'string' ? plain(v) : v === null ? null : number(v))))
    const lines = table(head.map(plain), cells)
    print()
    // single figures have names and no heads
    if (of === '') print(lines.slice(lines.indexOf('\n') + 1))
    else print(`${bold(plain(of))}\n${lines}`)
    if (rows.length > SHOWN) print(`… and ${rows.length - SHOWN} more; --json prints all`)
  }
}

/** Columns by what they are for, and settings. @throws USAGE_INVALID for a setting without a value */
function askedOf(analysis: Analysis, o: Options): Asked {
  const asked: Record<string, string | readonly string[]> = {}
  for (const role of ROLES) {
    const said = o[role] as readonly string[] | undefined
    if (said !== undefined) asked[role] = said
  }
  for (const each of o.set) {
    const at = each.indexOf('=')
    if (at < 1)
      throw new GalleyError('USAGE_INVALID', {
        what: `'${each}' sets nothing`,
        why: 'a setting is a name, = and a value',
        fix: `${analysis.name} takes ${Object.keys(analysis.settings).map((s) => `--set ${s}=…`).join(', ')}`, // biome-ignore format: one line
      })
    asked[each.slice(0, at)] = each.slice(at + 1)
  }
  return asked
}

/** The columns that are asked for: of a file by a plan, of a dataset as Arrow. */
async function read(what: string, used: readonly string[], o: Options): Promise<Columns> {
  if (existsSync(what))
    return withFile(what, { at: o.at, command: 'analyse' }, async ({ rows, ctx }) => {
      const kept =
        o.where === undefined
          ? rows
          : build({ op: 'filter', input: rows, predicate: parseCondition(o.where, rows.schema) })
      const chosen = build({ op: 'select', input: kept, columns: used.map((name) => [name, col(name)] as const) })
      return columnsOf((await runPlan(ctx, chosen, 'batches')).batches())
    })
  return withClient((client) =>
    interruptible(async (signal) => {
      const where = o.where === undefined ? {} : { where: o.where }
      const asked = { name: what, format: 'arrow' as const, columns: used.join(','), ...where }
      const { bytes } = await client.datasets.export(asked, { signal })
      const pieces: Uint8Array[] = []
      for await (const piece of bytes) pieces.push(piece)
      return columnsOf(readIpc(Buffer.concat(pieces), createLedger()).batches())
    }),
  )
}

async function list({ lang, json }: Options): Promise<void> {
  const all = await Promise.all(ANALYSES.map(analysisOf))
  if (json)
    return print(JSON.stringify(all.map(({ name, about, columns, settings }) => ({ name, about, columns, settings }))))
  for (const { name, about, columns, settings } of all) {
    print(`${bold(name)}  ${about[lang]}`)
    for (const [role, ask] of Object.entries(columns))
      print(`    --${role}${ask.optional ? ' (may be left out)' : ''}  ${ask.about}`)
    for (const [key, s] of Object.entries(settings)) {
      const choices = s.kind === 'choice' ? ` (${s.choices.join(', ')})` : ''
      const or = 'default' in s && s.default !== undefined ? `=${s.default}` : ''
      print(`    --set ${key}${or}${choices}  ${s.about}`)
    }
  }
}
