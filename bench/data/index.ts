import type { Bench, Result, Row } from '../bench.ts'

/** A case runs in this process and gives its rows; the next ones stand beside. */
export interface Case {
  readonly name: string
  run(options: Parameters<Bench['run']>[0]): Promise<{ rows: readonly Row[]; notes: readonly string[] }>
}

const CASES: Readonly<Record<string, () => Promise<Case>>> = {
  'diff-1e7': async () => (await import('./diff.ts')).diff,
}

export const data: Bench = {
  about: 'work on datasets: versions compared',
  cases: Object.keys(CASES),
  async run(options): Promise<Result> {
    const rows: Row[] = []
    const notes: string[] = []
    for (const [name, load] of Object.entries(CASES)) {
      if (!name.startsWith(options.prefix)) continue
      const done = await (await load()).run(options)
      rows.push(...done.rows)
      notes.push(...done.notes)
    }
    return { rows, notes, versions: {} }
  },
}
