import { approvals } from './approvals.ts'
import { branches } from './branches.ts'
import { calendars } from './calendars.ts'
import { datasets } from './datasets.ts'
import { endpoints } from './endpoints.ts'
import type { Handlers } from './handlers.ts'
import { jobs } from './jobs.ts'
import { lineage } from './lineage.ts'
import { models } from './models.ts'
import { pools } from './pools.ts'
import { quality } from './quality.ts'
import { runs } from './runs.ts'
import { schedules } from './schedules.ts'
import { sources } from './sources.ts'
import { workspaces } from './workspaces.ts'

export const handlers: Handlers = {
  health: {
    check: async ({ ware, scope }) => ({ ok: true, version: ware.version, endpoints: { ...ware.hub(scope).states() } }),
  },
  runs,
  approvals,
  jobs,
  schedules,
  pools,
  calendars,
  datasets,
  quality,
  models,
  endpoints,
  lineage,
  sources,
  workspaces,
  branches,
}
