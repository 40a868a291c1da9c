import type { Scope } from '../base/scope.ts'
import type { Job } from '../store/jobs.ts'
import type { JobAlert } from './alerts.ts'
import { isShare } from './declared.ts'
import type { Kitchenware } from './step.ts'

async function tell(
  { alerts, store, clock }: Kitchenware,
  scope: Scope,
  kind: JobAlert['kind'],
  job: Job,
): Promise<void> {
  // the run that a share is of does without it, or fails itself
  if (!alerts || isShare(job.recipeJson)) return
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
  alerts.send({
    ...{ kind, workspace: await store.workspaces.nameOf(scope), job: job.number, recipe: job.recipe },
    ...{ partition: job.partition, schedule: job.schedule, at: new Date(clock.now()).toISOString() },
    ...{ status: job.status, doneBy: iso(job.doneBy), ended: iso(job.ended), error: job.error },
  })
}

/** Tells of a job that failed for good. */
export const tellFailed = (ware: Kitchenware, scope: Scope, job: Job, error: unknown): Promise<void> =>
  tell(ware, scope, 'job failed', { ...job, status: 'failed', error })

/** Takes up jobs whose workers died, and tells of those whose attempts were used up: the store gives each to one of those that look. */
export async function reap(ware: Kitchenware, scope: Scope): Promise<void> {
  for (const job of await ware.store.jobs.reap(scope)) await tellFailed(ware, scope, job, job.error)
}

/**
 * Looks once for what nobody at work tells: jobs whose workers died until their attempts were used up, and jobs that are not done by when their schedule wants them.
 * The store gives each to one of those that look, and so it is told once.
 */
export async function lookout(ware: Kitchenware, scope: Scope): Promise<void> {
  await reap(ware, scope)
  for (const job of await ware.store.jobs.late(scope)) await tell(ware, scope, 'job late', job)
}
