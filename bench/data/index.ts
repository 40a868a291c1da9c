import type { Bench } from '../bench.ts'
import { listing } from './listing.ts'

/** Reading data in: each case is one file beside this one, and one line in this table. */
const CASES = { 'files-1e6': listing } as const

export const data: Bench = {
  about: 'sources: many files',
  cases: Object.keys(CASES),
  async run(options) {
    const results = []
    for (const [name, run] of Object.entries(CASES))
      if (name.startsWith(options.prefix)) results.push(await run(options))
    return {
      rows: results.flatMap((r) => r.rows),
      notes: results.flatMap((r) => r.notes),
      versions: { node: process.version },
    }
  },
}
