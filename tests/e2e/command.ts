import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const RECIPE = new URL('../../recipes/flight-delay/recipe.ts', import.meta.url).href

/** Starts the command line in a process of its own, on a data folder of its own. */
export function start(home: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, GALLEY_HOME: home, GALLEY_LOG: 'warn', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Waits for the end of a process and gives what it printed. */
export function ended(child: ChildProcess): Promise<Ended> {
  let out = ''
  let err = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

export const galley = (home: string, ...args: string[]): Promise<Ended> => ended(start(home, args))

/** A recipe file outside of the checkout: the flight recipe over other files. */
export function flightRecipe(folder: string, flights: string, airports: string): string {
  const file = join(folder, 'recipe.ts')
  writeFileSync(
    file,
    `import { flightDelay } from '${RECIPE}'\nexport default flightDelay('${flights}', '${airports}')\n`,
  )
  return file
}

/** A recipe file with the given body; \`k\` is the kitchen. */
export function recipeFile(folder: string, name: string, body: string): string {
  const file = join(folder, `${name}.ts`)
  writeFileSync(
    file,
    `import { count, csv, dataset, json, logistic, mean, parquet, recipe, hours } from 'galley'\nvoid [count, csv, dataset, json, logistic, mean, parquet, hours]\nexport default recipe('${name}', (k) => {\n${body}\n})\n`,
  )
  return file
}
