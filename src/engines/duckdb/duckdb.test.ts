import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { engineConformance } from '../conformance/suite.ts'
import { createDuckdbEngine } from './index.ts'

engineConformance('duckdb', () =>
  createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(tmpdir(), 'galley-duckdb-test') }),
)
