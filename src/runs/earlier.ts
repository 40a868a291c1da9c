import type { Scope } from '../base/scope.ts'
import type { Step as StepRecord } from '../store/steps.ts'
import type { Store } from '../store/store.ts'
import type { Recipe } from './specs.ts'

type Was = Pick<StepRecord, 'id' | 'run' | 'keyParts' | 'ended'>

/** What the steps of earlier runs of a recipe were made of: those of the run before are read at once, when the first is asked for. */
export class Earlier {
  readonly #store: Store
  readonly #scope: Scope
  readonly #recipe: Recipe
  readonly #number: number
  #before: Promise<ReadonlyMap<string, Was>> | undefined
  readonly #recipes = new Map<string, Promise<Recipe | null>>()

  constructor(store: Store, scope: Scope, recipe: Recipe, number: number) {
    this.#store = store
    this.#scope = scope
    this.#recipe = recipe
    this.#number = number
  }

  /** The newest that was done, whichever run it is of; none of a share. */
  async step(id: string): Promise<Was | undefined> {
    const { name, partition, share } = this.#recipe
    // each is asked once, and another's run goes once it is answered
    if (share) return undefined
    this.#before ??= this.#store.steps
      .before(this.#scope, name, this.#number, partition)
      .then((all) => new Map(all.map((s) => [s.id, s])))
    return (await this.#before).get(id) ?? this.#store.steps.newestOf(this.#scope, name, id, partition)
  }

  /** The recipe of a run: most steps have the same one before. */
  recipe(run: string): Promise<Recipe | null> {
    const read =
      this.#recipes.get(run) ?? this.#store.runs.get(this.#scope, run).then((r) => r.recipeJson as Recipe | null)
    this.#recipes.set(run, read)
    return read
  }
}
