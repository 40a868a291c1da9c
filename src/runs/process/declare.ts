import { isAbsolute } from 'node:path'
import { CONTAINER_VARIABLES } from '../../base/config.ts'
import { GalleyError } from '../../base/errors.ts'
import { canonicalJson, type Json } from '../../base/json.ts'
import { secret } from '../../base/secrets.ts'
import { optionsOf } from '../../plan/columns/options.ts'
import { build, plan } from '../../plan/nodes.ts'
import { table } from '../../plan/table.ts'
import { scanned } from '../../plan/walk.ts'
import type { Declaring } from '../flow.ts'
import { checkTable } from '../given.ts'
import { opaqueSchema } from '../inline.ts'
import type { AnyTable, Kitchen, ProcessOptions } from '../kitchen.ts'
import type { ContainerSpec, ProcessLimits, ProcessSpec } from '../specs.ts'
import { isBelow } from './leaves.ts'

const OPTIONS = [
  'command',
  'container',
  'files',
  'tables',
  'params',
  'env',
  'format',
  'limits',
  'retries',
  'each',
  'gives',
  'leaves',
  'timeout',
] as const
const LIMITS = ['seconds', 'cpuSeconds', 'memoryMiB'] as const
const FORMATS: readonly string[] = ['parquet', 'csv', 'json']

/** The verb of steps that a program of its own computes. */
export function processes({ add }: Pick<Declaring, 'add'>): Pick<Kitchen, 'process'> {
  /** The step whose rows a table is: its own, or one of this name that computes it. */
  const stepOf = (id: string, called: string, t: AnyTable): string => {
    checkTable('process', id, t)
    const { node } = t
    if (node.op === 'scan' && node.from.kind === 'step') return node.from.name
    return add(`${id}-${called}`, 'table', scanned(node).map((s) => s.name), { plan: plan(node) }) // biome-ignore format: one line
  }
  const declare = (id: string, options: ProcessOptions & { gives?: ProcessSpec['gives'] | undefined }) => {
    optionsOf(options as unknown as Record<string, unknown>, OPTIONS, `process '${id}'`)
    const { files = [], params = {}, env = {}, format = 'parquet', retries = 0, each } = options
    checkCommand(id, options.command)
    for (const pattern of files)
      if (typeof pattern !== 'string' || pattern === '' || isAbsolute(pattern) || pattern.split('/').includes('..'))
        throw invalid(`'${id}' is given the file '${String(pattern)}'`, 'it is given files below the recipe’s folder', 'write the path from that folder on') // biome-ignore format: one line
    for (const [name, value] of Object.entries(env)) checkVariable(id, name, value)
    if (!FORMATS.includes(format)) throw invalid(`'${id}' has the format '${String(format)}'`, `rows are handed over as ${FORMATS.join(', ')}`, 'name one of them') // biome-ignore format: one line
    if (!(Number.isInteger(retries) && retries >= 0 && retries <= 100)) throw invalid(`'${id}' is tried again '${String(retries)}' times`, 'it is a whole number from 0 to 100', 'correct it') // biome-ignore format: one line
    const tables = Object.fromEntries(Object.entries(options.tables ?? {}).map(([name, t]) => [checkCalled(id, name), stepOf(id, name, t)])) // biome-ignore format: one line
    const over = each ? { step: stepOf(id, 'each', each.of), ...eachOf(id, each) } : null
    const gives = options.gives ?? null
    const leaves = leavesOf(id, options.leaves ?? {}, over !== null)
    const spec: ProcessSpec = {
      ...{ command: [...options.command], files: [...files], params: paramsOf(id, params), env, tables, format, gives },
      ...{ limits: limitsOf(id, options.limits ?? {}), each: over, retries },
      ...(leaves ? { leaves } : {}),
      ...(options.container === undefined ? {} : { container: containerOf(id, options.container, env) }),
    }
    add(id, 'process', [...new Set([...Object.values(tables), ...(over ? [over.step] : [])])], spec, options)
    const left = Object.fromEntries(Object.keys(leaves ?? {}).map((file) => [file, { step: id, file }]))
    if (gives === null) return leaves ? { step: id, files: left } : { step: id }
    const made = table<never>(
      build({ op: 'scan', from: { kind: 'step', name: id }, schema: opaqueSchema({ kind: 'process', spec }) }),
    )
    return leaves ? { step: id, table: made, files: left } : made
  }
  return { process: declare } as unknown as Pick<Kitchen, 'process'>
}

/** Arguments are seen by everybody on the machine, and parameters are written to a file. @throws RECIPE_INVALID */
function requireNoSecret(id: string, given: unknown, what: string): void {
  if (typeof given !== 'object' || given === null) return
  const values = Object.values(given)
  if (values.length === 1 && typeof (given as { secret?: unknown }).secret === 'string')
    throw invalid(`'${id}' is given a secret as ${what}`, 'it would be told by its name, not by its value', "hand it over in the environment: { env: { TOKEN: secret('NAME') } }") // biome-ignore format: one line
  for (const value of values) requireNoSecret(id, value, what)
}

function eachOf(id: string, each: NonNullable<ProcessOptions['each']>) {
  optionsOf(each as unknown as Record<string, unknown>, ['of', 'most', 'failures'], `each of process '${id}'`)
  const { most = null, failures = 0 } = each
  for (const [name, value, least] of [['most', most, 1], ['failures', failures, 0]] as const) // biome-ignore format: one line
    if (value !== null && !(Number.isInteger(value) && value >= least)) throw invalid(`'${id}' has '${name}: ${String(value)}'`, `it is a whole number from ${least} on`, 'correct it') // biome-ignore format: one line
  return { most, failures }
}

/** @throws RECIPE_INVALID */
function leavesOf(id: string, leaves: Readonly<Record<string, string>>, each: boolean): ProcessSpec['leaves'] {
  const names = Object.keys(leaves)
  if (names.length === 0) return undefined
  if (each) throw invalid(`'${id}' leaves files and is run for each row`, 'a file is of the step as a whole', 'leave files in a step that is run once') // biome-ignore format: one line
  for (const [name, path] of Object.entries(leaves)) {
    checkCalled(id, name, 'a file')
    if (typeof path !== 'string' || !isBelow(path)) throw invalid(`'${id}' is to leave '${String(path)}'`, 'it leaves files below its working folder', "write leaves: { model: 'model.onnx' }") // biome-ignore format: one line
  }
  return { ...leaves }
}

function checkCommand(id: string, command: unknown): void {
  requireNoSecret(id, command, 'an argument')
  if (Array.isArray(command) && command.length > 0 && command.every((word) => typeof word === 'string') && command[0] !== '') return // biome-ignore format: one line
  throw invalid(`'${id}' has no command`, 'a command is a list of a program and its arguments; no shell reads it', "write it so: { command: ['python3', 'score.py'] }") // biome-ignore format: one line
}

function containerOf(id: string, given: string | ContainerSpec, env: ProcessSpec['env']): ContainerSpec {
  const spec = typeof given === 'string' ? { image: given } : given
  optionsOf(spec as unknown as Record<string, unknown>, ['image', 'network'], `container of process '${id}'`)
  const { image, network } = spec
  // what begins with a dash would be an option of the engine
  for (const [what, value] of [['image', image], ['network', network ?? 'none']] as const) // biome-ignore format: one line
    if (!(typeof value === 'string' && /^[A-Za-z0-9][^\s]*$/.test(value))) throw invalid(`'${id}' has the ${what} '${String(value)}'`, 'it is a name as an engine of containers knows it', "write it so: { container: 'python:3.12-slim' }") // biome-ignore format: one line
  for (const [name, value] of Object.entries(env))
    if (CONTAINER_VARIABLES.includes(name) && (typeof value !== 'string' || value.includes('\n'))) throw invalid(`the variable '${name}' of '${id}' is a secret, or of several lines`, "it is one of the container engine's own", 'give it another name') // biome-ignore format: one line
  return spec
}

function checkVariable(id: string, name: string, value: unknown): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === 'GALLEY_STEP')
    throw invalid(`'${name}' can't name a variable of '${id}'`, 'names are letters, digits and _; GALLEY_STEP is set', 'choose another') // biome-ignore format: one line
  if (typeof value === 'string') {
    if (value.includes('\0')) throw invalid(`the variable '${name}' of '${id}' holds a NUL`, 'no environment can hold one', 'leave it out') // biome-ignore format: one line
    return
  }
  if (typeof (value as { secret?: unknown } | null)?.secret === 'string') {
    secret((value as { secret: string }).secret)
    return
  }
  throw invalid(`the variable '${name}' of '${id}' is no text`, `it is ${String(value)}`, "write a text, or secret('NAME')") // biome-ignore format: one line
}

function checkCalled(id: string, name: string, what = 'a table'): string {
  if (/^[a-z][a-z0-9-]{0,62}$/.test(name)) return name
  throw invalid(`'${name}' can't name ${what} of '${id}'`, 'names are lower-case letters, digits and dashes, beginning with a letter', 'choose such a name') // biome-ignore format: one line
}

function paramsOf(id: string, params: unknown): Json {
  requireNoSecret(id, params, 'a parameter')
  try {
    return JSON.parse(canonicalJson(params))
  } catch (thrown) {
    throw invalid(`'${id}' is given parameters that are no JSON`, (thrown as Error).message, 'give plain data')
  }
}

function limitsOf(id: string, limits: ProcessLimits): ProcessLimits {
  optionsOf(limits as Record<string, unknown>, LIMITS, `limits of process '${id}'`)
  for (const [name, value] of Object.entries(limits))
    if (!(Number.isFinite(value) && value > 0)) throw invalid(`'${id}' has the limit '${name}: ${String(value)}'`, 'it is a number above 0', 'correct it, or leave it out') // biome-ignore format: one line
  return limits
}

const invalid = (what: string, why: string, fix: string): GalleyError => new GalleyError('RECIPE_INVALID', { what, why, fix }) // biome-ignore format: one line
