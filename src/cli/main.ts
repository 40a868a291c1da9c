#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { debugging } from '../base/config.ts'
import { asGalleyError } from '../base/errors.ts'
import { redacted } from '../base/redact.ts'
import { VERSION } from '../main.ts'
import { analyse } from './analyse.ts'
import { approvals } from './approvals.ts'
import { backfill } from './backfill.ts'
import { bench } from './bench.ts'
import { branch } from './branch.ts'
import { calendars } from './calendars.ts'
import { clean } from './clean.ts'
import { datasets } from './datasets.ts'
import { demo } from './demo.ts'
import { doctor } from './doctor.ts'
import { endpoints } from './endpoints.ts'
import { explain } from './explain.ts'
import { exporting } from './export.ts'
import { jobs } from './jobs.ts'
import { lineage } from './lineage.ts'
import { models } from './models.ts'
import { plain, printError } from './output.ts'
import { pools } from './pools.ts'
import { predict } from './predict.ts'
import { preview } from './preview.ts'
import { profile } from './profile.ts'
import { push } from './push.ts'
import { quality } from './quality.ts'
import { run } from './run.ts'
import { runs } from './runs.ts'
import { schedules } from './schedules.ts'
import { sources } from './sources.ts'
import { test } from './test.ts'
import { up } from './up.ts'
import { worker } from './worker.ts'
import { workspaces } from './workspaces.ts'

/** The parser repeats what was typed. */
const writeErr = (text: string): void => void process.stderr.write(plain(text))

const program = new Command('galley')
  .description('A shared kitchen for AI services: a recipe and data in, a live, watched service out.')
  .version(VERSION)
  .enablePositionalOptions()
  .showSuggestionAfterError()
  .exitOverride()
  .configureOutput({ writeErr })
for (const command of [
  run(),
  test(),
  backfill(),
  worker(),
  up(),
  demo(),
  preview(),
  profile(),
  analyse(),
  predict(),
  explain(),
  clean(),
  datasets(),
  quality(),
  exporting(),
  sources(),
  push(),
  models(),
  endpoints(),
  runs(),
  approvals(),
  jobs(),
  schedules(),
  pools(),
  calendars(),
  lineage(),
  workspaces(),
  branch(),
  bench(),
  doctor(),
]) {
  for (const each of [command, ...command.commands]) {
    const path = each === command ? each.name() : `${command.name()} ${each.name()}`
    each
      .exitOverride()
      .configureOutput({ writeErr })
      .showHelpAfterError(`  fix: galley ${path} --help tells what there is`)
  }
  program.addCommand(command)
}

/** Whether the command that runs was asked for JSON; where `--json` takes a value it is something else. */
let json = false
program.hook('preAction', (_, command) => {
  json = command.opts()['json'] === true
})

// what reads the output may stop early (`| head`): what is left to say goes nowhere, and the command ends as it would have
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })

try {
  await program.parseAsync(process.argv)
} catch (thrown) {
  if (thrown instanceof CommanderError) process.exitCode = thrown.exitCode === 0 ? 0 : 2
  else {
    const error = asGalleyError(thrown)
    printError(error, json)
    if (error.code === 'INTERNAL_BUG' && debugging())
      process.stderr.write(`${redacted((error.cause as Error)?.stack ?? '')}\n`)
    process.exitCode = error.exit
  }
}
