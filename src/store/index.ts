/** What the rooms above may use of the store. */
export type { Artifact, Artifacts, NewArtifact } from './artifacts.ts'
export type { BlobRef, BlobSource, Blobs } from './blobs/blobs.ts'
export type { Cache, CacheEntry } from './cache.ts'
export type { Dataset, Datasets, DatasetVersion, NewDatasetVersion } from './datasets.ts'
export type { Deployment, Endpoint, EndpointState, Endpoints, NewDeployment } from './endpoints.ts'
export type { AuditEvent, Events } from './events.ts'
export { readIfThere, type TempFolder, writeFileAtomic } from './files.ts'
export type { Home } from './home.ts'
export {
  type AppendLog,
  type AppendLogOptions,
  type Durability,
  jsonOf,
  type LogRecord,
  openAppendLog,
  readAppendLog,
} from './log/appendlog.ts'
export type { Model, Models, ModelVersion, NewModelVersion } from './models.ts'
export type { Page, PageRequest } from './page.ts'
export type { NewRun, Run, RunStatus, Runs } from './runs.ts'
export type { NewStep, Step, StepClaim, StepEnd, StepStatus, Steps } from './steps.ts'
export { openStore, type Store, type StoreOptions, type Tables as Transaction } from './store.ts'
export type { MonitorWindow, MonitorWindows, NewMonitorWindow } from './windows.ts'
export type { Workspace } from './workspaces.ts'
