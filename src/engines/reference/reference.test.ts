import { engineConformance } from '../conformance/suite.ts'
import { wildFloats } from '../conformance/wild.ts'
import { createReferenceEngine } from './index.ts'

engineConformance('reference', createReferenceEngine, { runs: 50 })
wildFloats('reference', createReferenceEngine, 200)
