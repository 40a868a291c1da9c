import { readConfig } from '../base/config.ts'
import { GalleyError } from '../base/errors.ts'
import { openGalley } from '../main.ts'
import { type Replayed, type ReplayResult, replay } from '../runs/replay/replay.ts'
import { interruptible } from './interrupt.ts'
import { bold, note, plain, print } from './output.ts'

/** Computes a run again and tells what became of each step. Leaves 1 as the exit code where something differs. */
export async function replayed(run: string, path: string | undefined, options: { json?: boolean }): Promise<void> {
  if (path !== undefined)
    throw new GalleyError('USAGE_INVALID', {
      what: `a replay takes no recipe, and '${path}' is one`,
      why: 'it computes the recipe that the run had',
      fix: `galley run --replay ${run}`,
    })
  const galley = await openGalley(readConfig())
  try {
    const scope = await galley.scope()
    const which = /^\d+$/.test(run) && Number(run) < 2 ** 31 ? Number(run) : run
    const found = await interruptible((signal) =>
      replay(galley.ware, scope, which, { signal, on: (step) => note(plain(lineOf(step))) }),
    )
    if (options.json) print(JSON.stringify(found))
    else print(sumOf(found))
    if (!found.identical) process.exitCode = 1
  } finally {
    await galley.close()
  }
}

const SIGNS = { same: '=', rows: '=', read: '=', differs: '≠', apart: '–' } as const
const SAYS = {
  same: 'the same to the bit',
  rows: 'the same rows in other files',
  read: 'as it was read then',
  differs: 'differs',
  apart: '',
} as const

function lineOf({ step, kind, state, says, code, seconds }: Replayed): string {
  const told = [SAYS[state], says].filter((t) => t !== undefined && t !== '').join(': ')
  return `  ${SIGNS[state]} ${kind.padEnd(8)} ${step.padEnd(22)} ${told}  ${seconds.toFixed(1)} s${code ? `\n      ${code}` : ''}`
}

function sumOf({ run, recipe, steps, identical }: ReplayResult): string {
  const of = (state: Replayed['state']) => steps.filter((s) => s.state === state).length
  const rows = of('rows') > 0 ? `, ${of('rows')} the same rows in other files` : ''
  const first = steps.find((s) => s.state === 'differs')
  const head = bold(`replay of run ${run}`)
  return identical
    ? `${head}  ${recipe}  bit-identical: ${of('same')} of ${of('same') + of('rows')} computed steps${rows}`
    : `${head}  ${recipe}  differs first in '${first?.step}'`
}
