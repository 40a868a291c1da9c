import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Scope } from '../../../base/scope.ts'
import type { Store } from '../../../store/store.ts'
import { everything } from '../keep/everything.ts'

/** What was made of versions of a dataset: it is told, not changed. */
export interface Derived {
  /** Versions of other datasets, however far. */
  readonly datasets: readonly string[]
  readonly models: readonly string[]
  /** Endpoints that serve such models. */
  readonly endpoints: readonly string[]
  /** Logs of these endpoints, which hold the requests that they answered; within the data folder. */
  readonly logs: readonly string[]
}

export async function derivedFrom(
  store: Store,
  scope: Scope,
  dataset: string,
  versions: readonly number[],
): Promise<Derived> {
  const reached = new Set(versions.map((v) => `${dataset}@${v}`))
  const all = await everything((cursor) => store.datasets.list(scope, { limit: 500, cursor }))
  const made: { version: string; from: readonly string[] }[] = []
  for (const { name } of all)
    for (const v of await everything((cursor) => store.datasets.versions(scope, name, { limit: 500, cursor }))) {
      const { from = [] } = (v.details ?? {}) as { from?: readonly string[] }
      made.push({ version: `${name}@${v.version}`, from })
    }
  for (let grew = true; grew; ) {
    grew = false
    for (const { version, from } of made)
      if (!reached.has(version) && from.some((f) => reached.has(f))) {
        reached.add(version)
        grew = true
      }
  }
  const names = new Set([...reached].map((v) => v.slice(0, v.lastIndexOf('@'))))
  const models = new Set<string>()
  for (const name of names)
    for (const m of await store.models.trainedOn(scope, name))
      if (reached.has(`${name}@${m.datasetVersion}`)) models.add(`${m.name}@${m.version}`)
  const endpoints = (await everything((cursor) => store.endpoints.list(scope, { limit: 500, cursor })))
    .filter((e) => models.has(`${e.model}@${e.modelVersion}`))
    .map((e) => e.name)
  const logs: string[] = []
  for (const name of endpoints)
    for (const generation of await readdir(join(store.home.logs, scope.workspace, name)).catch(() => []))
      logs.push(join('logs', scope.workspace, name, generation))
  const own = new Set(versions.map((v) => `${dataset}@${v}`))
  return { datasets: [...reached].filter((v) => !own.has(v)).sort(), models: [...models].sort(), endpoints, logs }
}
