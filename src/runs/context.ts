import type { Scope } from '../base/scope.ts'
import type { Ledger } from '../engines/ledger.ts'
import { inputOf } from './key.ts'
import type { Ahead, StepContext } from './kind.ts'
import type { Step } from './specs.ts'
import { type Kitchenware, kindOf, type StepRun } from './step.ts'

/** What a kind of step is given to run with. */
export function contextOf(
  ware: Kitchenware,
  scope: Scope,
  s: Pick<StepRun, 'recipe' | 'step' | 'record' | 'outputs' | 'folder' | 'signal' | 'started' | 'on' | 'engine' | 'beside' | 'settling'> & { readonly ledger: Ledger; readonly ahead?: Ahead | undefined }, // biome-ignore format: one line
): StepContext<never> {
  const { step, on } = s
  const say = sayOf(ware, s)
  return {
    ...{ scope, recipe: s.recipe, folder: s.folder, step: step as Step<never>, run: s.record, signal: s.signal },
    ...{ store: ware.store, duckdb: ware.duckdb, log: ware.log, threads: ware.threads },
    traceparent: ware.sink?.traceparent?.(s.record.id, step.id),
    ...{ ledger: s.ledger, ahead: s.ahead, started: s.started, beside: s.beside, settling: s.settling, say },
    progress: (progress) => on({ type: 'progress', step: step.id, kind: step.kind, progress }),
    device: async () => {
      const found = await ware.device(s.engine)
      if (typeof found === 'string' && s.engine === 'gpu') say(`${found}; the processor computes`)
      return found
    },
    input: (id) => inputOf(s.outputs, step, id),
    saysOf: (id) => {
      const made = s.recipe.steps.find((other) => other.id === id)
      return made ? kindOf(ware, made).summary(inputOf(s.outputs, step, id) as never) : ''
    },
  }
}

/** What tells people something of a step, now and in the run's record. */
export const sayOf =
  ({ log }: Pick<Kitchenware, 'log'>, { step, record, on }: Pick<StepRun, 'step' | 'record' | 'on'>) =>
  (text: string): void => {
    log.info(text, { run: record.number, step: step.id })
    on({ type: 'said', step: step.id, kind: step.kind, text })
  }
