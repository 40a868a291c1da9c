import { isAbsolute } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import type { Scope } from '../../base/scope.ts'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import type { Run } from '../../store/runs.ts'
import type { Store } from '../../store/store.ts'
import type { KeyParts } from '../because.ts'
import type { Recipe, Step } from '../specs.ts'
import { type SourceOutput, sourceStep } from '../steps/source.ts'

/** What a source gave in a run, where it still lies: a copy of ours, or a file in its place that has the same content. @throws SOURCE_MISSING */
export async function asReadThen(
  store: Store,
  scope: Scope,
  of: {
    readonly recipe: Recipe
    readonly step: Step
    readonly run: Run
    /** What the run left of it. */
    readonly output: SourceOutput
    readonly parts: KeyParts | null
    readonly signal: AbortSignal
  },
): Promise<SourceOutput> {
  const { recipe, step, run, output, parts, signal } = of
  const gone = (why: string) =>
    new GalleyError('SOURCE_MISSING', {
      what: `what '${step.id}' gave in run ${run.number} is no longer there`,
      why,
      fix: 'put back the file as it was, or take a later run',
      details: { step: step.id, run: run.number },
    })
  if ((await sourceStep.present?.(output, { scope, store })) === false)
    throw gone('its copy in the data folder is gone or damaged')
  if (!output.inPlace) return output
  const spec = step.spec as SourceSpec
  const placed = output.path !== undefined && isAbsolute(output.path) ? { ...spec, path: output.path } : spec
  const identity = await sourceStep.identity?.(placed, {
    ...{ scope, store, folder: '/', recipe, signal, started: run.started, step: { ...step, spec: placed } },
    ...{ hash: () => '', watch: () => {}, say: () => {}, input: () => output as never },
  })
  if (parts && hashJson(identity) !== parts.spec) throw gone(`${output.path ?? spec.path} is not as it was read then`)
  return output
}
