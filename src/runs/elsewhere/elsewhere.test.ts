import { elsewhereConformance } from './conformance.ts'
import { alone } from './elsewhere.ts'

elsewhereConformance('in this process alone', async () => ({ elsewhere: alone, left: async () => 0 }))
