import { accessSync, constants, mkdirSync, statfsSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { Command } from 'commander'
import { type Config, readConfig } from '../base/config.ts'
import { asGalleyError } from '../base/errors.ts'
import { command } from '../data/connectors/guard/launch.ts'
import { probeDevice } from '../engines/webgpu/probe.ts'
import { type Galley, openGalley, VERSION } from '../main.ts'
import { runtimeHere } from '../ml/onnx/runtime.ts'
import { bytes } from '../runs/text.ts'
import { plain, print } from './output.ts'
import { runningServer } from './served.ts'

interface Check {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'bad'
  readonly says: string
  readonly fix?: string
}

/** Says what this machine has and lacks, and what to do about it. Exits with 4 when something needed is missing. */
export function doctor(): Command {
  return new Command('doctor')
    .description('check this machine: what Galley needs, what is there, and the fix')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const checks = await examine()
      if (options.json) print(JSON.stringify(checks))
      else
        for (const c of checks) {
          print(`${{ ok: '✔', warn: '!', bad: '✖' }[c.status]} ${c.name.padEnd(12)} ${plain(c.says)}`)
          if (c.fix) print(`  ${''.padEnd(12)} fix: ${plain(c.fix)}`)
        }
      if (checks.some((c) => c.status === 'bad')) process.exitCode = 4
    })
}

async function examine(): Promise<Check[]> {
  const config = readConfig()
  const checks: Check[] = []
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const recent = major > 22 || (major === 22 && minor >= 18)
  checks.push({
    name: 'node',
    status: recent ? 'ok' : 'bad',
    says: `${process.version} on ${process.platform} ${process.arch}, Galley ${VERSION}`,
    ...(recent ? {} : { fix: 'run through npm or ./galley, which bring a newer Node' }),
  })
  const cores = availableParallelism()
  checks.push({ name: 'processor', status: cores >= 2 ? 'ok' : 'warn', says: `${cores} cores` })
  const memory = totalmem()
  checks.push({
    name: 'memory',
    status: memory >= 2 * 2 ** 30 ? 'ok' : 'warn',
    says: `${bytes(memory)}, ${config.memoryMiB} MiB of it for the batch engine`,
    ...(memory >= 2 * 2 ** 30 ? {} : { fix: 'lower GALLEY_MEMORY, and expect large joins to spill to disk' }),
  })
  try {
    mkdirSync(config.home, { recursive: true })
    accessSync(config.home, constants.W_OK)
    const { bavail, bsize } = statfsSync(config.home)
    const free = bavail * bsize
    checks.push({
      name: 'data folder',
      status: free > 2 * 2 ** 30 ? 'ok' : 'warn',
      says: `${config.home}, ${bytes(free)} free`,
      ...(free > 2 * 2 ** 30 ? {} : { fix: 'free some space, or point GALLEY_HOME at a larger disk' }),
    })
  } catch (error) {
    checks.push({
      name: 'data folder',
      status: 'bad',
      says: `${config.home} can't be written: ${(error as Error).message}`,
      fix: 'point GALLEY_HOME at a folder that you may write',
    })
    return checks
  }
  checks.push(filesCheck(config), await serverCheck(config))
  let galley: Galley | undefined
  try {
    galley = await openGalley(config)
    const scope = await galley.scope()
    await galley.store.runs.list(scope, { limit: 1 })
    checks.push({
      name: 'database',
      status: 'ok',
      says: config.databaseUrl ? 'the server at GALLEY_DATABASE_URL answers' : 'embedded PostgreSQL starts and answers',
    })
    const ledger = (await import('../engines/ledger.ts')).createLedger()
    const [row] = await galley.duckdb.session({ scope, signal: new AbortController().signal, ledger }, (query) =>
      query('SELECT version() AS version'),
    )
    checks.push({ name: 'duckdb', status: 'ok', says: String(row?.['version']) })
  } catch (thrown) {
    const error = asGalleyError(thrown)
    checks.push({
      name: 'database',
      status: 'bad',
      says: `${error.what}${error.why ? `: ${error.why}` : ''}`,
      ...(error.fix ? { fix: error.fix } : {}),
    })
  } finally {
    await galley?.close()
  }
  checks.push(await gpuCheck(config), onnxCheck())
  return checks
}

/** A process of its own opens the graphics device. */
async function gpuCheck(config: Config): Promise<Check> {
  const found = await probeDevice()
  if (typeof found === 'string')
    return {
      ...{ name: 'gpu', status: 'warn', says: `none that can be used: ${found}. Everything runs on the processor` },
      fix: 'if there is one, install its Vulkan driver and the loader (libvulkan1); see docs/gpu.md',
    }
  const { name, software, largestBuffer } = found
  const use = config.engine === 'processor' ? 'GALLEY_ENGINE is processor: runs leave it alone' : software && config.engine === 'auto' ? 'a driver on the processor: runs take it with --engine gpu' : 'runs use it' // biome-ignore format: one line
  return { name: 'gpu', status: 'ok', says: `${name}, buffers of up to ${bytes(largestBuffer)}; ${use}` }
}

/** What runs models that were made elsewhere; few need it. */
function onnxCheck(): Check {
  try {
    return { name: 'onnx', status: 'ok', says: `ONNX Runtime in ${dirname(dirname(runtimeHere().module))}` }
  } catch (thrown) {
    const { fix = '' } = asGalleyError(thrown)
    return { name: 'onnx', status: 'ok', says: `ONNX Runtime is not installed; models made elsewhere (k.onnx) need it: ${fix}` } // biome-ignore format: one line
  }
}

/** What confines the process that opens files from outside, on this machine. */
function filesCheck({ home, memoryMiB }: Config): Check {
  const { confined } = command(home, memoryMiB, 1)
  const says = `opened in a process of their own: ${['limits of memory and time', ...confined].join(', ')}`
  const whole = confined.includes('no network') && confined.includes('limits by the system')
  const fix = 'install util-linux (prlimit, setpriv, unshare), and allow user namespaces, for all of it'
  return { name: 'files', status: whole ? 'ok' : 'warn', says, ...(whole ? {} : { fix }) }
}

async function serverCheck(config: Config): Promise<Check> {
  try {
    const url = await runningServer(config)
    const says = url ? `answers at ${url}` : 'none is running on this data folder (galley up starts one)'
    return { name: 'server', status: 'ok', says }
  } catch (thrown) {
    const { what, why, fix } = asGalleyError(thrown)
    return { name: 'server', status: 'warn', says: `${what}${why ? `: ${why}` : ''}`, ...(fix ? { fix } : {}) }
  }
}
