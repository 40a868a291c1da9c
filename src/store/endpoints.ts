import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, asc, desc, eq, gt, lt, sql } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { deployments, type EndpointState, endpoints } from './schema/endpoints.ts'
import { unknownName } from './unknown.ts'

export type { EndpointState }
export type Endpoint = typeof endpoints.$inferSelect
export type Deployment = typeof deployments.$inferSelect

export interface NewDeployment {
  readonly name: string
  readonly model: string
  readonly modelVersion: number
  /** What it serves, the slice of the plan included. */
  readonly config: unknown
  readonly run?: string | null
  readonly step?: string | null
}

export interface Endpoints {
  /** Creates the endpoint or gives it a new deployment: state `starting`, the next generation, one entry of history. */
  deploy(scope: Scope, deployment: NewDeployment): Promise<Endpoint>
  /** Changes the state, if that generation is still the newest. @throws STORE_CONFLICT when it is not */
  setState(scope: Scope, name: string, generation: number, state: EndpointState, error?: unknown): Promise<Endpoint>
  /** @throws ENDPOINT_UNKNOWN */
  get(scope: Scope, name: string): Promise<Endpoint>
  find(scope: Scope, name: string): Promise<Endpoint | undefined>
  /** By name. */
  list(scope: Scope, page?: PageRequest): Promise<Page<Endpoint>>
  /** Its history, newest first. */
  deployments(scope: Scope, name: string, page?: PageRequest): Promise<Page<Deployment>>
  /** Removes it with its history and windows. False when there was none. */
  remove(scope: Scope, name: string): Promise<boolean>
}

export function endpointsOn(db: Database): Endpoints {
  const at = (scope: Scope, name: string) => and(eq(endpoints.workspace, scope.workspace), eq(endpoints.name, name))
  const find = (scope: Scope, name: string) =>
    db.read(`the endpoint '${name}' could not be read`, async (q) => {
      const [row] = await q.select().from(endpoints).where(at(scope, name))
      return row
    })
  return {
    find,
    get: async (scope, name) => {
      const row = await find(scope, name)
      if (row) return row
      const all = await db.read('the endpoints could not be read', (q) =>
        q.select({ name: endpoints.name }).from(endpoints).where(eq(endpoints.workspace, scope.workspace)),
      )
      throw unknownName(
        'ENDPOINT_UNKNOWN',
        'endpoint',
        name,
        all.map((each) => each.name),
      )
    },

    deploy: (scope, { name, model, modelVersion, config, run = null, step = null }) =>
      db.write(`the endpoint '${name}' could not be deployed`, async (q) => {
        const now = db.now()
        const { workspace, caller } = scope
        const served = { model, modelVersion, config, state: 'starting' as const, error: null, updated: now }
        const [row] = await q
          .insert(endpoints)
          .values({ workspace, name, ...served, generation: 1, created: now })
          .onConflictDoUpdate({
            target: [endpoints.workspace, endpoints.name],
            set: { ...served, generation: sql`${endpoints.generation} + 1` },
          })
          .returning()
        const endpoint = row as Endpoint
        const { generation } = endpoint
        const history = { workspace, endpoint: name, generation, model, modelVersion, config, run, step, caller }
        await q.insert(deployments).values({ ...history, created: now })
        return endpoint
      }),

    setState: (scope, name, generation, state, error) =>
      db.write(`the state of the endpoint '${name}' could not be recorded`, async (q) => {
        const [row] = await q
          .update(endpoints)
          .set({ state, error: error ?? null, updated: db.now() })
          .where(and(at(scope, name), eq(endpoints.generation, generation)))
          .returning()
        if (row) return row
        throw new GalleyError('STORE_CONFLICT', {
          what: `the endpoint '${name}' has moved on`,
          why: `generation ${generation} is no longer the newest`,
          fix: 'read it again',
        })
      }),

    list: (scope, page = {}) =>
      db.read('the endpoints could not be read', async (q) => {
        const after = keyOf(page, 'string')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(endpoints)
          .where(
            and(eq(endpoints.workspace, scope.workspace), after === undefined ? undefined : gt(endpoints.name, after)),
          )
          .orderBy(asc(endpoints.name))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.name)
      }),

    deployments: (scope, name, page = {}) =>
      db.read(`the deployments of '${name}' could not be read`, async (q) => {
        const before = keyOf(page, 'number')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(deployments)
          .where(
            and(
              eq(deployments.workspace, scope.workspace),
              eq(deployments.endpoint, name),
              before === undefined ? undefined : lt(deployments.generation, before),
            ),
          )
          .orderBy(desc(deployments.generation))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.generation)
      }),

    remove: (scope, name) =>
      db.write(`the endpoint '${name}' could not be removed`, async (q) => {
        const rows = await q.delete(endpoints).where(at(scope, name)).returning({ name: endpoints.name })
        return rows.length > 0
      }),
  }
}
