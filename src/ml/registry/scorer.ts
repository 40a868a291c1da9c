import type { Evaluator } from '../../plan/evaluator.ts'
import type { Texts } from '../onnx/texts.ts'

/** A model made ready to score, here or in a process of its own: an `Evaluator` is one. */
export interface Scorer extends Omit<Evaluator, 'one' | 'many'> {
  /** As an evaluator's; absent where it answers elsewhere. */
  one?: Evaluator['one']
  /** As an evaluator's. `columns` are read before it waits for anything. */
  many(columns: readonly Float64Array[], rows: number, out: Float64Array): void | Promise<void>
  /** Of inputs that are texts, by their place: their columns hold numbers that it gave. */
  readonly texts?: ReadonlyMap<number, Texts>
  /** Begins what it needs, where it needs something. */
  ready?(): Promise<void>
  /** Ends it. */
  close?(): Promise<void>
}
