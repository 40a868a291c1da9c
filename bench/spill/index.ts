import { statfsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Bench, BenchError, type Row } from '../bench.ts'
import { measure, output } from '../measure.ts'
import { folderOf, SIZES, TASKS } from './tasks.ts'

/** What all processes of a task together may hold. */
const LIMIT = 1.5 * 2 ** 30
const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))
const text = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`

export const spill: Bench = {
  about:
    'a sort, a join and a group-by of more data than memory holds: 10 GiB and 1 GiB of Parquet under a limit of 1 GiB',
  cases: SIZES.flatMap((size) => TASKS.map((task) => `${size.name}-${task}`)),
  async run({ prefix, small, signal, say }) {
    const rows: Row[] = []
    const notes: string[] = []
    for (const size of small ? SIZES.slice(0, 1) : SIZES) {
      const wanted = TASKS.filter((task) => `${size.name}-${task}`.startsWith(prefix))
      if (wanted.length === 0) continue
      const folder = folderOf(size)
      const { bavail, bsize } = statfsSync(folder)
      // the data, what spills of it, and the result
      const needed = 5 * size.gib * 2 ** 30
      if (bavail * bsize < needed)
        throw new BenchError(`there is too little disk for ${size.name}`, {
          why: `it takes up to ${text(needed)}, and ${text(bavail * bsize)} are free`,
          fix: 'free some space, or run a smaller size with --case 1GiB',
          exit: 4,
        })
      const run = { env: process.env, signal }
      await output('generating data', [process.execPath, WORKER, 'data', size.name, folder], run)
      for (const task of wanted) {
        const name = `${size.name}-${task}`
        const command = [process.execPath, WORKER, task, size.name, folder]
        const measured = await measure(name, command, run)
        const { spilled, read, rows: count } = JSON.parse(measured.stdout.trim().split('\n').at(-1) ?? '')
        const note = `${name}: ${measured.seconds.toFixed(1)} s, ${measured.cpuSeconds.toFixed(1)} processor seconds, read ${text(read)}, spilled at most ${text(spilled)}, ${count.toLocaleString('en-US')} rows written; other work took ${(measured.otherShare * 100).toFixed(0)} % of the processors`
        say(`  ${note}`)
        notes.push(note)
        const ratio = measured.peakBytes / LIMIT
        rows.push({ case: name, peer: 'the bar', unit: 'bytes', galley: measured.peakBytes, peerValue: LIMIT, ratio })
      }
    }
    return { rows, notes, versions: {} }
  },
}
