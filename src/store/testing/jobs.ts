import type { NewJob } from '../jobs.ts'

/** A job of no recipe in particular. */
export const job = (more: Partial<NewJob> = {}): NewJob => ({
  ...{ recipe: 'r', recipeJson: { name: 'r' }, folder: '/', engine: null, priority: 0, tags: [], mostAttempts: 3 },
  ...more,
})
