import { type Batch, valueAt } from '../../engines/batch.ts'
import type { Node } from '../../plan/nodes.ts'
import type { Access } from './access.ts'
import type { Row } from './columns.ts'

/**
 * Columns of a table that lie where rows are not read for a profile, in a device's memory: what is asked of them are small
 * results, and a sample of rows that comes as it is.
 */
export interface Resident {
  /** The same rows as the table's, with some of its columns. */
  readonly rows: Node
  /** How many rows there are. */
  readonly total: number
  /** Rows of the sample, about; a table of no more comes whole, and all is exact. */
  readonly sample: number
  /** Why such a plan can't be asked; undefined where it can. */
  gap(n: Node): string | undefined
  /** Told which columns were read of the table instead. */
  elsewhere?(columns: readonly string[]): void
  /** All rows of several small results, computed together. */
  ask(questions: readonly Question[]): Promise<readonly Batch[]>
}

/** A plan of a small result, which has no more than `most` rows where that is known. */
export interface Question {
  readonly root: Node
  readonly most?: number | undefined
}

/** A plan that is not computed where the columns lie: it is asked of the table instead. */
export class NotThere extends Error {}

/** What the first way gives, or the second where the first is not taken. */
export const orElse = <T>(first: () => Promise<T>, second: () => Promise<T>): Promise<T> =>
  first().catch((thrown: unknown) => {
    if (thrown instanceof NotThere) return second()
    throw thrown
  })

/** Reads by asking; what is asked in the same turn is asked together. */
export function accessTo({ gap, ask, sample }: Resident): Access {
  let waiting: { readonly question: Question; done(batch: Batch): void; failed(thrown: unknown): void }[] = []
  const send = async () => {
    const asked = waiting
    waiting = []
    try {
      const batches = await ask(asked.map((a) => a.question))
      for (const [i, a] of asked.entries()) a.done(batches[i] as Batch)
    } catch (thrown) {
      for (const a of asked) a.failed(thrown)
    }
  }
  const told = async (root: Node, most?: number): Promise<Batch> => {
    const why = gap(root)
    if (why !== undefined) throw new NotThere(why)
    return new Promise<Batch>((done, failed) => {
      if (waiting.length === 0) setImmediate(() => void send())
      waiting.push({ question: { root, most }, done, failed })
    })
  }
  return {
    async collect(n, most) {
      const batch = await told(n, most)
      return Array.from(
        { length: batch.rows },
        (_, i): Row => Object.fromEntries(batch.columns.map((c, k) => [n.schema[k]?.name ?? '', valueAt(c, i)])),
      )
    },
    // a table that comes whole, or a sample of up to twice its rows
    async *read(n) {
      yield await told(n, 2 * sample)
    },
  }
}
