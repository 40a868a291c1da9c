import { approvals } from './approvals.ts'
import { branches } from './branches.ts'
import { calendars } from './calendars.ts'
import { datasets } from './datasets.ts'
import { endpoints } from './endpoints.ts'
import { health } from './health.ts'
import { jobs } from './jobs.ts'
import { lineage } from './lineage.ts'
import { models } from './models.ts'
import { pools } from './pools.ts'
import { quality } from './quality.ts'
import { runs } from './runs.ts'
import { schedules } from './schedules.ts'
import { sources } from './sources.ts'
import { workspaces } from './workspaces.ts'

/** Every route of the server, by noun and verb. */
export const contract = {
  health,
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
export type Contract = typeof contract
