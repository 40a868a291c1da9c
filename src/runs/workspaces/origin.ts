import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { DatasetVersion, VersionOrigin } from '../../store/datasets.ts'
import type { Run } from '../../store/runs.ts'
import type { Tables } from '../../store/store.ts'

/** Who made a version, as another workspace that has it is told; what was told of it before goes on. */
export async function originOf(
  tables: Pick<Tables, 'runs'>,
  scope: Scope,
  workspace: string,
  of: DatasetVersion,
): Promise<VersionOrigin> {
  if (of.origin !== null) return of.origin as VersionOrigin
  const run = await runOf(tables, scope, of)
  return {
    ...{ workspace, version: of.version },
    ...{ run: run?.number ?? null, recipe: run?.recipe ?? null, recipeJson: run?.recipeJson ?? null },
  }
}

/** The run that made a version; none for one that was compacted, or came from elsewhere. */
export async function runOf(
  { runs }: Pick<Tables, 'runs'>,
  scope: Scope,
  { run }: Pick<DatasetVersion, 'run'>,
): Promise<Run | undefined> {
  if (run === null) return undefined
  return runs.get(scope, run).catch((error: unknown) => {
    if (error instanceof GalleyError && error.code === 'RUN_UNKNOWN') return undefined
    throw error
  })
}
