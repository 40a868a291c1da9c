import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { containerEnvironment, searchPath } from '../../base/config.ts'
import { GalleyError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { ContainerSpec, ProcessLimits } from '../specs.ts'
import type { Command } from './child.ts'
import { commandPath } from './workspace.ts'

/** What containers are run by, in the order in which they are looked for. */
const ENGINES = ['podman', 'docker'] as const
/** ms that a question about an image may take. */
const ANSWER = 60_000
/** ms that fetching an image may take. */
const FETCH = 3_600_000

/** An image, and what runs it. */
export interface Container {
  /** Where the engine lies. */
  readonly engine: string
  readonly podman: boolean
  /** The image by its content. */
  readonly id: string
  readonly spec: ContainerSpec
}

/** What a container is run with. */
export interface Within {
  /** The only folder that it may write to, where it lies here; it has the same path within. */
  readonly folder: string
  readonly work: string
  /** Files that it reads, at the same paths within. */
  readonly reads: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly limits: ProcessLimits
}

/** The image by its content, and the engine of this machine; an image that is not here is fetched. @throws STEP_FAILED, CANCELLED */
export async function containerOf(
  step: string,
  spec: ContainerSpec,
  ctx: { readonly signal: AbortSignal; say(text: string): void },
): Promise<Container> {
  const engine = await engineOf(step)
  const ask = (words: readonly string[], ms: number) => answer(engine, words, ms, ctx.signal)
  const podman = /podman/i.test((await ask(['--version'], ANSWER)).out)
  const inspect = ['image', 'inspect', '--format', '{{.Id}}', spec.image]
  let found = await ask(inspect, ANSWER)
  if (found.code !== 0) {
    ctx.say(`fetches the image ${spec.image}`)
    const fetched = await ask(['pull', '--quiet', spec.image], FETCH)
    if (fetched.code === 0) found = await ask(inspect, ANSWER)
    else if (!ctx.signal.aborted) throw unfetched(step, spec.image, engine, fetched.err)
  }
  if (ctx.signal.aborted) throw new GalleyError('CANCELLED', { what: `the image of '${step}' is not waited for` })
  const id = found.out.trim()
  if (found.code !== 0 || id === '') throw unfetched(step, spec.image, engine, found.err)
  return { engine, podman, id, spec }
}

async function engineOf(step: string): Promise<string> {
  for (const name of ENGINES) {
    const path = await commandPath(step, name, '/', searchPath()).catch(() => undefined)
    if (path) return path
  }
  throw new GalleyError('STEP_FAILED', {
    what: `'${step}' runs in a container, and this machine has no engine for them`,
    why: `neither ${ENGINES.join(' nor ')} is in a folder of the path: ${searchPath()}`,
    fix: 'install one of them (Debian: apt-get install podman), or run the step where one is: a worker with a tag',
  })
}

const unfetched = (step: string, image: string, engine: string, said: string) =>
  new GalleyError('STEP_FAILED', {
    what: `the image '${image}' of '${step}' is not here, and could not be fetched`,
    why: said.trim().split('\n').slice(-5).join('\n') || 'the engine says nothing of it',
    fix: `correct its name, or see what it says: ${engine} pull ${image}`,
  })

function answer(engine: string, words: readonly string[], ms: number, signal: AbortSignal) {
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const options = { env: containerEnvironment(), timeout: ms, signal, maxBuffer: 1 << 24, killSignal: 'SIGTERM' as const } // biome-ignore format: one line
    execFile(engine, words, options, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, out, err: err || (error?.message ?? '') })
    })
  })
}

/**
 * The command that runs another one within a container, which finds its folders where they lie here and sees nothing else of this machine. Values of variables
 * stand in nobody's list of processes: they are written to a file that the engine reads; those of several lines it takes from its own environment.
 */
export async function contained(
  container: Container,
  command: readonly string[],
  within: Within,
): Promise<Pick<Command, 'command' | 'env' | 'after'>> {
  const { engine, podman, spec } = container
  const own = containerEnvironment()
  const name = `galley-${newId()}`
  const isLong = ([key, value]: readonly [string, string]) => value.includes('\n') && !(key in own)
  const [long, short] = [true, false].map((is) => Object.entries(within.env).filter((e) => isLong(e) === is)) as [Entries, Entries] // biome-ignore format: one line
  const file = join(within.folder, 'variables')
  await writeFile(file, short.map(([key, value]) => `${key}=${value}\n`).join(''), { mode: 0o600 })
  for (const at of [within.folder, ...within.reads])
    if (/[,"\n]/.test(at)) throw new GalleyError('STEP_FAILED', { what: `${at} can't be seen within a container`, why: 'engines part what they mount at commas', fix: 'point GALLEY_HOME at a folder whose path has none' }) // biome-ignore format: one line
  const folders = new Set(within.reads.map((path) => dirname(path)))
  const mounts = [...folders].filter((at) => at !== within.folder).map((at) => mount(at, ',readonly'))
  const { memoryMiB, cpuSeconds } = within.limits
  const limits = [
    ...(memoryMiB === undefined ? [] : ['--memory', `${memoryMiB}m`, '--memory-swap', `${memoryMiB}m`]),
    // of one process each: what they take together is looked at from here, where their environment can be read
    ...(cpuSeconds === undefined ? [] : ['--ulimit', `cpu=${Math.ceil(cpuSeconds)}`]),
  ]
  const words = [
    ...['run', '--rm', '--name', name, '--pull', 'never', '--stop-timeout', '0'],
    ...['--workdir', within.work, '--security-opt', 'label=disable'],
    ...['--mount', mount(within.folder, '')[1] as string, ...mounts.flat()],
    ...(spec.network === undefined ? [] : ['--network', spec.network]),
    ...owner(podman),
    ...limits,
    ...['--env-file', file, ...long.flatMap(([key]) => ['--env', key])],
    ...['--entrypoint', command[0] as string, container.id, ...command.slice(1)],
  ]
  const env = { ...own, ...Object.fromEntries(long) }
  return { command: [engine, ...words], env, after: [engine, 'rm', '--force', name] }
}

type Entries = [string, string][]
const mount = (at: string, how: string): [string, string] => ['--mount', `type=bind,source=${at},target=${at}${how}`]

/** What it writes is to be this user's, whichever user the image names: within podman of a user, root is that user. */
function owner(podman: boolean): string[] {
  const [uid, gid] = podman ? [0, 0] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  return ['--user', `${uid}:${gid}`]
}
