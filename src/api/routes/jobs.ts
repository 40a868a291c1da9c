import type { z } from 'zod'
import { recipeOf } from '../../runs/declared.ts'
import { FILES_TAG, filedOf } from '../../runs/partitions/filed.ts'
import type { Job } from '../../store/jobs.ts'
import type { job, queued } from '../contract/jobs.ts'
import type { Failure } from '../contract/route.ts'
import type { NounHandlers } from './handlers.ts'

/** @param ms null where there is none */
export const secondsOf = (ms: number | null): number | null => (ms === null ? null : ms / 1000)

export const present = (j: Job): z.input<typeof job> => ({
  ...{ partition: j.partition, doneBy: j.doneBy, late: j.late },
  ...{ number: j.number, recipe: j.recipe, status: j.status, priority: j.priority, tags: [...j.tags] },
  ...{ pool: j.pool, maxActive: j.maxActive, timeout: secondsOf(j.timeout) },
  ...{ attempts: j.attempts, mostAttempts: j.mostAttempts, notBefore: j.notBefore, run: j.run },
  ...{ error: j.error as Failure | null, created: j.created, ended: j.ended },
})

/** What is queued, as the store has it. @throws RECIPE_INVALID, PLAN_* for a recipe that no worker could run */
export function jobOf(given: Omit<z.output<typeof queued>, 'notBefore'>) {
  const {
    recipe,
    folder,
    engine = null,
    priority = 0,
    tags = [],
    attempts = 3,
    pool = null,
    maxActive = null,
    timeout,
  } = given
  const filed = filedOf(recipe)
  if (!filed) recipeOf(recipe)
  return {
    recipe: recipe.name,
    recipeJson: recipe,
    folder,
    engine,
    priority,
    tags: filed ? [...new Set([...tags, FILES_TAG])] : tags,
    mostAttempts: attempts,
    pool,
    maxActive,
    timeout: timeout === undefined ? null : Math.round(timeout * 1000),
  }
}

export const jobs: NounHandlers<'jobs'> = {
  list: async ({ ware: { store }, scope, query }) => {
    const page = await store.jobs.list(scope, query)
    return { ...page, items: page.items.map(present) }
  },
  get: async ({ ware: { store }, scope, params }) => present(await store.jobs.get(scope, params.job)),
  queue: async ({ ware: { store }, scope, body }) => {
    const { notBefore, once, ...queued } = body
    const asked = { ...jobOf(queued), ...(notBefore === undefined ? {} : { notBefore }) }
    if (!once) return { ...present(await store.jobs.queue(scope, asked)), already: false }
    const { job, already } = await store.jobs.queueOnce(scope, asked)
    return { ...present(job), already }
  },
  cancel: async ({ ware: { store }, scope, params }) => present(await store.jobs.cancel(scope, params.job)),
  retry: async ({ ware: { store }, scope, params }) => present(await store.jobs.retry(scope, params.job)),
}
