import type { Log } from '../base/log.ts'
import type { Scope } from '../base/scope.ts'
import type { DuckdbEngine } from '../engines/duckdb/index.ts'
import type { Engine, Progress } from '../engines/engine.ts'
import type { Ledger } from '../engines/ledger.ts'
import type { Store, Tables } from '../store/store.ts'
import type { Beside } from './beside.ts'
import type { Settling } from './settling.ts'
import type { Recipe, Step } from './specs.ts'

/** What every step's output has: the identity of its content, which goes into the keys of the steps that read it. */
export interface Output {
  /** Equal hashes are equal content. */
  readonly hash: string
  /** Files that are not ours and that later steps read where they lie. */
  readonly inPlace?: readonly string[]
  /** What computed it, where there was a choice. */
  readonly computed?: Computed
}

/** What computed an output, where there was a choice, and why. */
export interface Computed {
  /** `processor`, or the name of an engine on a device. */
  readonly by: string
  readonly why: string
}

/** An engine on a graphics device, which takes whole parts of a recipe. */
export interface Accelerator {
  /** As the driver names it. */
  readonly name: string
  readonly engine: Engine
}

export interface StepContext<Spec> {
  readonly scope: Scope
  readonly recipe: Recipe
  /** The folder that relative paths of sources start from. */
  readonly folder: string
  readonly step: Step<Spec>
  readonly run: { readonly id: string; readonly number: number }
  readonly store: Store
  readonly duckdb: DuckdbEngine
  readonly signal: AbortSignal
  readonly ledger: Ledger
  readonly log: Log
  /** Milliseconds since 1970 at which the run began; the only time that may reach an output. */
  readonly started: number
  readonly threads: number
  /** The step's span, where traces are told: programs hang theirs under it. */
  readonly traceparent?: string | undefined
  progress(progress: Progress): void
  /** The device that the run may use, or why it uses none: opened when the first step asks. */
  device(): Promise<Accelerator | string>
  /** What `ahead` began. */
  readonly ahead?: Ahead | undefined
  /** Steps of the run that are under way beside this one. */
  readonly beside: Beside
  /** Tables that are brought to the disk when the run ends. */
  readonly settling: Settling
  /** Tells people something that they should know, now and in the run's record. */
  say(text: string): void
  /** The output of an input by step id. */
  input<T extends Output>(id: string): T
  /** The same in a line for people. */
  saysOf(id: string): string
}

/** What a step leaves: its output, and writes that happen in the transaction that completes it. */
export interface StepResult<Out extends Output> {
  readonly output: Out
  /** Runs in the completing transaction; what it returns replaces the output. */
  publish?(tx: Tables): Promise<Out>
  /** What to publish instead where `publish` failed because another writer was first; undefined for other failures. */
  rebase?(error: unknown): Promise<StepResult<Out> | undefined>
}

/** A step that can't go on before somebody approves; it runs again then. */
export interface Waits {
  /** The approval that is not given yet, by its number. */
  readonly approval: number
  /** What people are asked. */
  readonly ask: string
  /** Whether they are asked now, for the first time. */
  readonly fresh: boolean
}

/** What a step's identity may be made of. */
export interface IdentityContext {
  readonly scope: Scope
  readonly store: Store
  readonly folder: string
  readonly signal: AbortSignal
  readonly recipe: Recipe
  readonly step: Step
  /** Milliseconds since 1970 at which the run began: for a step whose answer depends on the day. */
  readonly started: number
  /** The identity of an earlier step's output. */
  hash(id: string): string
  /** A file that the step reads or that later ones read in place, and its state before: a change while it is used stops the run. */
  watch(path: string, stamp: string): void
  /** Tells people something that they should know, whether the step runs or not. */
  say(text: string): void
  /** The earlier step's output, where more of it is read than its hash stands for. */
  input<T extends Output>(id: string): T
}

/** What may be begun before it is known whether a step's output is kept. */
export interface AheadContext
  extends Pick<IdentityContext, 'scope' | 'store' | 'folder' | 'recipe' | 'step' | 'signal'> {
  readonly duckdb: DuckdbEngine
  readonly threads: number
  /** When an earlier run of the recipe ended this step, milliseconds since 1970; undefined where none did. */
  lastEnded(): Promise<number | undefined>
}

/** What was begun: `run` is given it, and it is closed however the step ends. */
export interface Ahead {
  close(): Promise<void>
}

/** A kind of step: one object, registered in `main.ts`. */
export interface StepKind<Spec = never, Out extends Output = Output> {
  readonly kind: string
  /** `import.meta.url` of its module: the code hash starts there. */
  readonly module: string
  /**
   * Run again, it makes the same, and nothing outside of Galley learns that it ran: where the power takes away that it was done, nothing is lost. Not so of one
   * that publishes.
   */
  readonly repeatable?: boolean
  /**
   * What stands for the spec in the cache key; the spec itself unless given. It must cover all that `run` reads beside the
   * `hash`es of the step's inputs: a source gives its content, a report what earlier steps set aside.
   */
  identity?(spec: Spec, ctx: IdentityContext): Promise<unknown>
  /** Begins what `run` will need, side by side with `identity`, where that is worth it: all for nothing where the output is kept. */
  ahead?(spec: Spec, ctx: AheadContext): Promise<Ahead | undefined>
  run(ctx: StepContext<Spec>): Promise<StepResult<Out> | Waits>
  /** False when what the output points to is gone or damaged; the step then runs again. Asked once a run of what the cache gives. */
  present?(output: Out, ctx: { readonly scope: Scope; readonly store: Store }): Promise<boolean>
  /** One line for people. */
  summary(output: Out): string
}
export type AnyStepKind = StepKind<never, never>
