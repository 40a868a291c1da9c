import type { SketchedColumn, VersionSketch } from '../../data/datasets/sketches/version.ts'
import { plural } from '../../runs/text.ts'
import { resultOf } from '../../sdk/task.ts'
import { interruptible } from '../interrupt.ts'
import { withClient } from '../list.ts'
import { bold, plain, print, table } from '../output.ts'
import { stageReporter } from '../progress.ts'

interface Told extends VersionSketch {
  readonly name: string
  readonly version: number
}

/** Prints what a version's columns hold, from the sketches of its files. Ctrl-C cancels; what was computed stays. */
export const showSketches = (of: { name: string; version?: number }, json: boolean): Promise<void> =>
  interruptible((signal) =>
    withClient(async (client) => {
      const { progress } = stageReporter()
      const body = of.version === undefined ? {} : { version: of.version }
      const found = await resultOf<Told>(await client.datasets.sketches({ name: of.name, body }, { signal }), progress)
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
      if (json) return print(JSON.stringify(found))
      const { name, version, rows, files, computed, columns } = found
      print(
        `${bold(plain(`${name}@${version}`))}  ${plural(rows, 'row')}  ${plural(files, 'file')}, ${computed} read for this`,
      )
      print(table(['column', 'type', 'missing', 'different', 'lowest', '5 %', 'middle', '95 %', 'highest', 'mean'], columns.map(row(rows)))) // biome-ignore format: one line
      const most = Math.max(...columns.map((c) => c.rankError))
      if (most > 0) print(`ranks of quantiles are within ${Number((most * 100).toPrecision(2))} % of the rows`)
    }),
  )

const figure = (x: number | string | null | undefined): string =>
  typeof x === 'number' ? String(Number(x.toPrecision(6))) : (x ?? '')

const row =
  (rows: number) =>
  (c: SketchedColumn): string[] => {
    const missing = c.nulls === 0 ? '0' : `${Number(((100 * c.nulls) / rows).toPrecision(3))} %`
    const different = c.distinct === null ? '–' : `≈ ${c.distinct.toLocaleString('en-US')}`
    const [, low, , middle, , high] = c.quantiles
    return [plain(c.name), c.type, missing, different, ...[c.min, low, middle, high, c.max, c.mean].map(figure)]
  }
