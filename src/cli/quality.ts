import { Command } from 'commander'
import { suggest } from '../data/quality/suggest.ts'
import type { Client } from '../sdk/index.ts'
import { count, type ListOptions, listOptions, printPage, versionOf, withClient } from './list.ts'
import { bold, inOneLine, plain, print, table, when } from './output.ts'
import { profiled } from './profiled.ts'

type Check = Awaited<ReturnType<Client['quality']['show']>>
type Verdict = Check['verdicts'][number]

export function quality(): Command {
  const noun = new Command('quality').description('what is expected of datasets, and what was found')
  noun
    .command('show <name>')
    .description('the newest check of a dataset, or of `name@3`')
    .option('--version <n>', 'version', count)
    .option('--json', 'print JSON')
    .action((name: string, o: { version?: number; json?: boolean }) =>
      withClient(async (client) => {
        const check = await client.quality.show(versionOf(name, o.version))
        print(o.json ? JSON.stringify(check) : shown(check))
      }),
    )
  listOptions(noun.command('history <name>').description('the checks of a dataset, newest first'))
    .option('--expectation <title>', 'one expectation alone')
    .action((name: string, o: ListOptions & { expectation?: string }) =>
      printPage(
        o,
        (c, page) => c.quality.history({ name, ...page, ...(o.expectation ? { expectation: o.expectation } : {}) }),
        ['checked', 'version', 'rows', 'verdict', o.expectation ? 'found' : 'broken', 'unusual'],
        (c) => [
          when(c.at),
          c.version === null ? '–' : `@${c.version}`,
          c.metrics.rows,
          c.passed ? 'passed' : 'stopped',
          c.verdicts.filter((v) => o.expectation || !v.passed).map((v) => (o.expectation ? found(v) : v.title)).join('; ') || '–', // biome-ignore format: one line
          c.anomalies.map((a) => `${a.metric}${a.column ? ` of ${a.column}` : ''}`).join(', ') || '–',
        ],
        'nothing was checked yet',
      ),
    )
  noun
    .command('suggest <what>')
    .description('lines for a recipe’s `expect` from the profile of a file or a dataset, with what speaks for each')
    .option('--json', 'print JSON')
    .action(async (what: string, o: { json?: boolean }) => {
      const lines = suggest((await profiled(what, undefined)).profile)
      if (o.json) return print(JSON.stringify(lines))
      if (lines.length === 0) return print('too few rows to go by')
      const width = Math.min(60, Math.max(...lines.map((l) => l.line.length)) + 1)
      print('expect: (r, e) => [')
      for (const { line, because } of lines) print(plain(`  ${`${line},`.padEnd(width)} // ${inOneLine(because)}`))
      print('],')
    })
  return noun
}

function found(v: Verdict): string {
  const share = v.rows > 0 && v.failed > 0 ? ` (${Number(((100 * v.failed) / v.rows).toPrecision(3))} %)` : ''
  const rows =
    v.failed > 0 ? `${v.failed.toLocaleString('en-US')} of ${v.rows.toLocaleString('en-US')} rows${share}` : ''
  return [rows, v.found ?? ''].filter((x) => x !== '').join(', ') || '–'
}

function shown(c: Check): string {
  const name = c.version === null ? `${c.dataset} (no version: the run was stopped)` : `${c.dataset}@${c.version}`
  const lines = [`${bold(name)}  ${c.metrics.rows.toLocaleString('en-US')} rows  checked ${when(c.at)}`]
  if (c.verdicts.length === 0) lines.push('its recipe states no expectation')
  else
    lines.push(
      table(
        ['expectation', 'verdict', 'found', 'otherwise'],
        c.verdicts.map((v) => [v.title, v.passed ? 'passed' : 'broken', found(v), v.severity]),
      ),
    )
  for (const v of c.verdicts)
    if (v.examples && v.examples.length > 0)
      lines.push(`${v.title}, the first rows:`, ...v.examples.map((e) => `  ${e}`))
  for (const a of c.anomalies)
    lines.push(
      `unusual: ${a.metric}${a.column ? ` of ${a.column}` : ''} ${a.value}, usually ${a.usual} (${a.of} versions${a.weekday ? ' of this weekday' : ''})`,
    )
  return lines.join('\n')
}
