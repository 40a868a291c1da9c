import type { z } from 'zod'
import type { Price } from '../../base/config.ts'
import type { Scope } from '../../base/scope.ts'
import type { Guard } from '../../data/connectors/guard/guard.ts'
import type { DuckdbEngine } from '../../engines/duckdb/index.ts'
import type { EndpointHub } from '../../ml/serving/hub.ts'
import type { Store } from '../../store/store.ts'
import type { Contract } from '../contract/index.ts'
import type { Route } from '../contract/route.ts'

/** What handlers work with; made once, in `main.ts`. */
export interface ApiWare {
  readonly store: Store
  readonly duckdb: DuckdbEngine
  /** Opens what comes from outside in a process of its own. */
  readonly guard: Guard
  readonly version: string
  /** What an hour of a processor core costs, where it was said. */
  readonly coreHour: Price | undefined
  /** What lineage events are named within, before the workspace. */
  readonly lineageNamespace: string
  /** The live endpoints of a workspace. */
  hub(scope: Scope): EndpointHub
}

export interface Call<R extends Route> {
  readonly ware: ApiWare
  readonly scope: Scope
  readonly params: z.output<R['params']>
  readonly query: z.output<R['query']>
  readonly body: z.output<R['body']>
  /** Fires when the caller is gone. */
  readonly signal: AbortSignal
}
export type Handler<R extends Route> = (call: Call<R>) => Promise<z.input<R['output']>>
/** One handler for every route of the contract; a missing one does not compile. */
export type Handlers = {
  readonly [N in keyof Contract]: {
    readonly [V in keyof Contract[N]]: Contract[N][V] extends Route ? Handler<Contract[N][V]> : never
  }
}
export type NounHandlers<N extends keyof Contract> = Handlers[N]
