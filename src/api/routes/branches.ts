import { createLedger } from '../../engines/ledger.ts'
import { openBranch } from '../../runs/workspaces/branch.ts'
import { createBranch } from '../../runs/workspaces/create.ts'
import { diffBranch, standsOf } from '../../runs/workspaces/diff.ts'
import { promote } from '../../runs/workspaces/promote.ts'
import type { SampleSpec } from '../../runs/workspaces/sample.ts'
import { openScope } from '../../tenancy/workspace.ts'
import { told } from '../told.ts'
import type { NounHandlers } from './handlers.ts'
import { namesOf } from './selection.ts'

const shown = (sample: SampleSpec | null) =>
  sample && { share: sample.share, seed: sample.seed, ...(sample.key ? { key: [...sample.key] } : {}) }

export const branches: NounHandlers<'branches'> = {
  list: async ({ ware: { store }, query }) => {
    const page = await store.branches.list(query)
    return {
      ...page,
      items: page.items.map((b) => ({ name: b.name, parent: b.parentName, created: b.created, sample: shown(b.sample as SampleSpec | null) })), // biome-ignore format: one line
    }
  },
  create: async ({ ware: { store, duckdb }, scope: own, body: { from, ...asked }, signal }) => {
    const scope = from === undefined ? own : await openScope(store, from, own.caller)
    return told(signal, (tell, signal) =>
      createBranch({ duckdb, scope, signal, ledger: createLedger() }, store, asked, tell),
    )
  },
  get: async ({ ware: { store }, scope, params }) => {
    const branch = await openBranch(store, params.branch, scope.caller)
    const { name, parent, record, sample } = branch
    const datasets = await standsOf(store, branch)
    return { name, parent: parent.name, created: record.created, sample: shown(sample), datasets: [...datasets] }
  },
  diff: async ({ ware: { store, duckdb }, scope, params, query, signal }) => {
    const branch = await openBranch(store, params.branch, scope.caller)
    const asked = { dataset: query.dataset, key: query.key === undefined ? undefined : namesOf(query.key) }
    return told(signal, (tell, signal) =>
      diffBranch({ duckdb, scope: branch.scope, signal, ledger: createLedger() }, store, branch, asked, tell),
    )
  },
  promote: async ({ ware: { store }, scope, params, body }) => {
    const done = await promote(store, await openBranch(store, params.branch, scope.caller), body)
    return {
      ...done,
      datasets: [...done.datasets],
      models: [...done.models],
      positions: [...done.positions],
      left: [...done.left],
    }
  },
}
