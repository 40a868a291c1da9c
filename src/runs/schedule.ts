import { GalleyError } from '../base/errors.ts'
import type { Step } from './specs.ts'

/**
 * Runs each step once what it reads is there, at most `most` at a time, earlier ones of the recipe first. After a failure
 * no further step begins; those under way come to their end, so that their work is kept.
 * @throws what failed first; RECIPE_INVALID for steps whose inputs never come
 */
export async function runSteps(
  steps: readonly Step[],
  most: number,
  runOne: (step: Step) => Promise<void>,
): Promise<void> {
  const begun = new Set<string>()
  const done = new Set<string>()
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  const begin = (step: Step) => {
    begun.add(step.id)
    const work = runOne(step)
      .then(
        () => void done.add(step.id),
        (thrown: unknown) => void failures.push(thrown),
      )
      .finally(() => running.delete(work))
    running.add(work)
  }
  for (;;) {
    if (failures.length === 0)
      for (const step of steps)
        if (running.size < most && !begun.has(step.id) && step.inputs.every((id) => done.has(id))) begin(step)
    if (running.size === 0) break
    await Promise.race(running)
  }
  if (failures.length > 0) throw failures[0]
  const stuck = steps.find((step) => !begun.has(step.id))
  if (stuck)
    throw new GalleyError('RECIPE_INVALID', {
      what: `step '${stuck.id}' can't begin`,
      why: `it reads ${stuck.inputs
        .filter((id) => !done.has(id))
        .map((id) => `'${id}'`)
        .join(', ')}, which never comes`,
      fix: 'a step reads steps of the same recipe, and none that reads it',
    })
}
