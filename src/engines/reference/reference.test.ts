import { engineConformance } from '../conformance/suite.ts'
import { createReferenceEngine } from './index.ts'

engineConformance('reference', createReferenceEngine, { runs: 50 })
