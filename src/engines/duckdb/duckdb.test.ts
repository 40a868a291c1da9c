import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { engineConformance } from '../conformance/suite.ts'
import { wildFloats } from '../conformance/wild.ts'
import { createDuckdbEngine } from './index.ts'

const make = () => createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(tmpdir(), 'galley-duckdb-test') })

engineConformance('duckdb', make)
wildFloats('duckdb', make, 200)
