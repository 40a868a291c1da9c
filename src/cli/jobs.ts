import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { GalleyError } from '../base/errors.ts'
import type { EngineChoice } from '../engines/engine.ts'
import type { Recipe } from '../runs/specs.ts'
import type { Client } from '../sdk/index.ts'
import { count, type ListOptions, listOptions, printPage, withClient } from './list.ts'
import { bold, errorText, plain, print, when } from './output.ts'
import { loadRecipe } from './recipe.ts'
import { span } from './span.ts'

/** Collects tags, each given by itself. */
export function tag(text: string, before: readonly string[]): string[] {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(text)) return [...before, text]
  throw new InvalidArgumentError('a tag is lower-case letters, digits and dashes')
}

function priority(text: string): number {
  const n = Number(text)
  if (!Number.isInteger(n) || n < -1000 || n > 1000) throw new InvalidArgumentError('give a whole number from -1000 to 1000') // biome-ignore format: one line
  return n
}

/** What a job says beside its recipe. */
export interface JobOptions {
  readonly priority?: number
  readonly tag: readonly string[]
  readonly pool?: string
  readonly maxActive?: number
  /** ms */
  readonly timeout?: number
}

export interface QueueOptions extends JobOptions {
  readonly engine?: EngineChoice
  readonly json?: boolean
}

/** @param when what the options are for, where the command also does something else */
export const jobOptions = (command: Command, when = ''): Command =>
  command
    .option('--priority <n>', `${when}higher ones are taken first, 0 unless given`, priority)
    .option('--tag <tag>', `${when}what a worker has to have, such as gpu`, tag, [])
    .option('--pool <pool>', `${when}the pool that it takes a slot of (galley pools)`)
    .option('--max-active <n>', `${when}jobs of the recipe that run at once, at most`, count)
    .option('--timeout <span>', 'how long a run may take, such as 90s, 10m or 2h: it fails then', span)

/** The same for a request. */
export const jobBody = (o: JobOptions) => ({
  ...(o.priority === undefined ? {} : { priority: o.priority }),
  ...(o.tag.length > 0 ? { tags: [...o.tag] } : {}),
  ...(o.pool === undefined ? {} : { pool: o.pool }),
  ...(o.maxActive === undefined ? {} : { maxActive: o.maxActive }),
  ...(o.timeout === undefined ? {} : { timeout: o.timeout / 1000 }),
})

/** @throws USAGE_INVALID where something is said of a job, and none is queued */
export function requireNoJob(o: JobOptions): void {
  const said = Object.keys(jobBody(o)).find((name) => name !== 'timeout')
  if (said === undefined) return
  const names: Readonly<Record<string, string>> = { tags: 'tag', maxActive: 'max-active' }
  throw new GalleyError('USAGE_INVALID', {
    what: `--${names[said] ?? said} says something of a job`,
    why: 'the run is done here and now',
    fix: 'add --queue to leave it to a worker',
  })
}

/** A recipe, and the partition of it. */
export const nameOf = (of: { readonly recipe: string; readonly partition: string | null }): string =>
  of.partition === null ? plain(of.recipe) : `${plain(of.recipe)} of ${plain(of.partition)}`

type Job = Awaited<ReturnType<Client['jobs']['get']>>

/** Queues a run of a recipe, or of one of its partitions, for a worker. */
export async function queue(
  path: string,
  options: QueueOptions & { readonly partition?: string; readonly spill?: boolean },
): Promise<void> {
  const { recipe, folder } = await loadRecipe(path, options.partition)
  await queueRecipe(spilling(recipe, options.spill), folder, options)
}

/** The recipe as it is run with `--spill`. */
export const spilling = (recipe: Recipe, spill = false): Recipe =>
  spill ? { ...recipe, device: { ...recipe.device, spill: true } } : recipe

/** @param once whether one that waits or runs already is told instead. Gives whether it was there */
export async function queueRecipe(
  recipe: Recipe,
  folder: string,
  options: QueueOptions,
  once = false,
): Promise<boolean> {
  return withClient(async (client) => {
    const job = await client.jobs.queue({
      body: {
        recipe: JSON.parse(JSON.stringify(recipe)),
        folder: resolve(folder),
        ...(options.engine ? { engine: options.engine } : {}),
        ...jobBody(options),
        ...(once ? { once } : {}),
      },
    })
    if (options.json) print(JSON.stringify(job))
    else if (job.already)
      print(`job ${job.number}  ${nameOf(job)}  ${job.status === 'running' ? 'runs' : 'is queued'} already`)
    else tellQueued(job)
    return job.already
  })
}

function tellQueued(job: Job): void {
  const needs = job.tags.length > 0 ? ` by a worker that has ${job.tags.join(', ')}` : ''
  print(`job ${job.number}  ${nameOf(job)}  is queued and done${needs} once one runs: galley worker`)
}

export function jobs(): Command {
  const noun = new Command('jobs').description('runs that are queued for workers')
  listOptions(noun.command('ls').description('list jobs, newest first')).action((o: ListOptions) =>
    printPage(
      o,
      (c, page) => c.jobs.list(page),
      ['job', 'recipe', 'status', 'attempts', 'priority', 'pool', 'tags', 'queued', 'ended'],
      (j) => [`${j.number}`, nameOf(j), j.late === null ? j.status : `${j.status}, late`, `${j.attempts} of ${j.mostAttempts}`, j.priority, j.pool ?? '', j.tags.join(' '), when(j.created), when(j.ended)], // biome-ignore format: one line
      'no job yet: galley run RECIPE --queue',
    ),
  )
  const on = (name: string, description: string, ask: (client: Client, job: number) => Promise<Job>) =>
    noun
      .command(`${name} <job>`)
      .description(description)
      .option('--json', 'print JSON')
      .action((text: string, o: { json?: boolean }) =>
        withClient(async (client) => tell(client, await ask(client, count(text)), o.json === true)),
      )
  on('show', 'show a job, its run, and why it failed', (client, job) => client.jobs.get({ job }))
  on('cancel', 'cancel a job; a worker that is at it stops within a second', (client, job) =>
    client.jobs.cancel({ job, body: {} }),
  )
  on(
    'retry',
    'queue a job again that failed or was cancelled, with the recipe as it was queued; a mended file is queued anew: galley run FILE --queue',
    (client, job) => client.jobs.retry({ job, body: {} }),
  )
  return noun
}

async function tell(client: Client, job: Job, json: boolean): Promise<void> {
  if (json) return print(JSON.stringify(job))
  const due = job.status === 'queued' ? `  due ${when(job.notBefore)}` : ''
  print(
    `${bold(`job ${job.number}`)}  ${nameOf(job)}  ${job.status}${due}  attempt ${job.attempts} of ${job.mostAttempts}`,
  )
  if (job.doneBy !== null)
    print(
      `${job.late === null ? 'it is to be' : 'it was to be'} done by ${when(job.doneBy)} UTC${job.late === null ? '' : ', and was not'}`,
    )
  if (job.status === 'queued' && job.pool !== null) print(await waitsFor(client, job.pool))
  if (job.run) print(`its newest run: galley runs show ${(await client.runs.get({ run: job.run })).number}`)
  if (job.error) print(errorText(job.error))
}

async function waitsFor(client: Client, name: string): Promise<string> {
  for (let cursor: string | undefined; ; ) {
    const page = await client.pools.list(cursor === undefined ? {} : { cursor })
    const pool = page.items.find((p) => p.name === name)
    if (pool) return `it takes a slot of the pool '${name}': ${pool.running} of ${pool.slots} are taken`
    if (!page.next) return `the pool '${name}' is gone`
    cursor = page.next
  }
}
