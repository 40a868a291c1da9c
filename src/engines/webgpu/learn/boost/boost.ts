/// <reference types="@webgpu/types" />
import { DeviceFault } from '../../device.ts'
import type { Part } from '../../started.ts'
import { binWords } from '../binned.ts'
import { twoFloats } from '../design.ts'
import type { Edges } from '../edges.ts'
import { type Binding, type Job, type Ready, read, shared, write } from '../job.ts'
import { BEGIN, COUNT, DECIDE, FINISH, JUDGE } from './decide.ts'
import { type Packed, packTrees } from './packed.ts'
import { BATCH, HISTOGRAM, HISTOGRAM_ALONE, PARTITION, START, VALIDATE } from './rows.ts'
import { scoresOf } from './scores.ts'
import { BEST, GAINS, SHARES_OF } from './splits.ts'
import { BIN_WORDS, CANDIDATE_WORDS, CONTROL, CONTROL_WORDS, LEAF_WORDS, SHARES, treeWords } from './state.ts'

/** Rows as bins (`binned`) with a 0 or 1 each. */
export interface BinnedRows {
  readonly rows: number
  readonly bins: GPUBuffer
  readonly labels: GPUBuffer
}

export interface BoostTask {
  readonly train: BinnedRows
  /** Rows whose loss says when to stop, with `earlyStopping`. */
  readonly validate: BinnedRows | undefined
  readonly features: number
  readonly edges: Edges
  /** The score before the first tree, in log odds. */
  readonly base: number
  readonly params: Readonly<
    Record<
      'trees' | 'leaves' | 'learningRate' | 'minDataInLeaf' | 'minHessian' | 'minGain' | 'lambda' | 'earlyStopping',
      number
    >
  >
}

/** Trees after which a readback asks whether validation rows say stop. */
const ASK = 8
/** Rows for which a feature gets a workgroup; so many of these at most, and of copies of a histogram. */
const SHARED_ROWS = 1024
const MOST_GROUPS = 256
const MOST_COPIES = 16
/** Rows for which a driver on the processor gets a thread and a copy. */
const ALONE_ROWS = 4096
/** Rows a leaf of which both children are counted, so that no histogram is kept: they take less than these would. */
const FEW_ROWS = 512

/** Fixed point: units of gradients and hessians, as the host's trainer has them (`ml/training/gbdt/layout.ts`). */
function scalesOf(rows: number): { gradient: number; hessian: number } {
  const countBits = Math.ceil(Math.log2(rows + 1))
  return { gradient: 2 ** Math.min(30, 52 - countBits), hessian: 2 ** Math.min(30, 64 - 2 * countBits) }
}

const float = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0] as number

/** Trees that are grown, still on the device. */
export interface Grown {
  readonly parts: readonly Part[]
  /** The buffers that the rest reads. */
  readonly held: readonly GPUBuffer[]
  /** @throws DeviceFault when the kernels did not run */
  tell(words: readonly Uint32Array[]): ReturnType<Packed['tell']>
  /** Scores in log odds of rows as bins of the same borders, an f32 a row. */
  scores(rows: number, bins: GPUBuffer): Promise<GPUBuffer>
}

/**
 * Grows trees on the device: gradients, histograms, splits and the choice of the leaf to split are kernels, and what they
 * decide stays there. Nothing comes down; with validation rows, four bytes every eight trees, and the control's words at
 * the end. `between` is told the trees that are grown.
 */
export async function boost(job: Job, task: BoostTask, between: (trees: number) => void): Promise<Grown> {
  const { train, validate, features, edges, params } = task
  const { rows } = train
  const { leaves } = params
  const scale = scalesOf(rows)
  const parts = Math.min(MOST_GROUPS, Math.ceil(rows / SHARED_ROWS))
  const { software } = job.device
  const copies = Math.min(MOST_COPIES, Math.ceil(software ? rows / ALONE_ROWS : parts / 8))
  // histograms of all leaves would take more than the rows do
  const few = rows < FEW_ROWS * leaves ? 1 : 0
  const words = treeWords(leaves)
  const minHessian = BigInt(Math.ceil(params.minHessian * scale.hessian))
  const stopping = validate === undefined ? 0 : params.earlyStopping
  const task_ = read(
    job.words(
      rows,
      features,
      binWords(rows),
      parts,
      leaves,
      float(scale.gradient),
      float(scale.hessian),
      float(task.base),
      copies,
      few,
    ),
  )
  const limits = read(
    job.words(
      ...[features, leaves, params.minDataInLeaf, Number(minHessian & 0xffffffffn), Number(minHessian >> 32n)],
      ...[float(1 / scale.gradient), float(1 / scale.hessian), ...twoFloats(params.lambda)],
      ...[...twoFloats(params.minGain + 1e-10), ...twoFloats(params.learningRate), rows, stopping, copies, few],
    ),
  )
  const control = job.buffer(CONTROL_WORDS)
  const [score, leafOf, slopes] = [job.buffer(rows), job.buffer(rows), job.buffer(rows * 2)]
  // two orders of rows: a split moves a leaf's from the one to the other
  const [order, cursor] = [job.buffer(2 * rows), job.buffer(2)]
  const added = job.buffer((1 + few) * copies * features * 256 * BIN_WORDS)
  const histograms = job.buffer((few ? 2 : leaves) * features * 256 * BIN_WORDS)
  const shares = job.buffer(2 * features * SHARES * BIN_WORDS)
  const candidates = job.buffer(2 * features * SHARES * CANDIDATE_WORDS)
  const [leafTable, values, losses] = [job.buffer(leaves * LEAF_WORDS), job.buffer(leaves), job.buffer(2)]
  const trees = job.buffer(params.trees * words)
  const ready = async (code: string, bindings: Readonly<Record<string, Binding>>, n: number) =>
    [await job.prepare(code, bindings), n] as const
  const go = (steps: readonly (readonly [Ready, number])[]) => {
    for (const [kernel, n] of steps) job.go(kernel, n)
  }

  const onRows = { task: task_, control: read(control), bins: read(train.bins) }
  const asks = { limits, control: read(control) }
  const decides = { limits, control: write(control) }
  const search = 2 * features * SHARES
  const found = { histograms: read(histograms), shares: read(shares) }
  const searching = [
    await ready(
      SHARES_OF,
      { ...asks, histograms: write(histograms), shares: write(shares), copies: write(added) },
      features * SHARES,
    ),
    await ready(GAINS, { ...asks, ...found, edgeCounts: read(edges.counts), candidates: write(candidates) }, search),
    await ready(BEST, { ...asks, ...found, candidates: write(candidates), leaves: write(leafTable) }, 2 * features),
  ]
  const counting = await ready(
    software ? HISTOGRAM_ALONE : HISTOGRAM,
    { ...onRows, slopes: read(slopes, 'vec2u'), order: read(order), copies: software ? write(added) : shared(added) }, // biome-ignore format: one line
    features * (software ? copies : parts * 64),
  )
  const begin = [
    await ready(
      START,
      { task: task_, control: read(control), score: write(score, 'f32'), values: read(values, 'f32'), leafOf: write(leafOf), labels: read(train.labels), slopes: write(slopes, 'vec2u'), order: write(order) }, // biome-ignore format: one line
      rows,
    ),
    await ready(BEGIN, { ...decides, cursor: write(cursor), leaves: write(leafTable) }, 1),
    counting,
    ...searching,
  ]
  const decide = await ready(
    DECIDE,
    { ...decides, cursor: write(cursor), leaves: write(leafTable), candidates: read(candidates), edges: read(edges.keys, 'vec2u'), edgeCounts: read(edges.counts), trees: write(trees) }, // biome-ignore format: one line
    1,
  )
  const partition = await ready(
    PARTITION,
    { ...onRows, order: write(order), leafOf: write(leafOf), cursor: shared(cursor) },
    Math.min(parts * 64, Math.ceil(rows / BATCH)),
  )
  const divide = [decide, partition, counting, ...searching]
  const end = [
    await ready(
      FINISH,
      { ...asks, leaves: read(leafTable), values: write(values, 'f32'), trees: write(trees) },
      leaves,
    ),
    await ready(COUNT, decides, 1),
  ]
  if (validate && stopping > 0) {
    const about = read(job.words(validate.rows, binWords(validate.rows), words))
    const judged = { score: write(job.buffer(validate.rows), 'f32'), labels: read(validate.labels) }
    end.push(
      await ready(
        VALIDATE,
        { ...onRows, about, bins: read(validate.bins), trees: read(trees), ...judged, losses: shared(losses) },
        validate.rows,
      ),
      await ready(JUDGE, { ...decides, losses: write(losses) }, 1),
    )
  }

  for (let tree = 1; tree <= params.trees; tree++) {
    go(begin)
    for (let split = 1; split < leaves; split++) go(split < leaves - 1 ? divide : [decide, partition])
    go(end)
    await job.settled()
    between(tree)
    if (stopping > 0 && tree % ASK === 0) {
      const [stop] = await job.download([{ from: control, at: CONTROL.stop, words: 1 }])
      if (stop !== 0) break
    }
  }
  const state = { from: control, at: 0, words: CONTROL_WORDS }
  // of trees that stopped early some are not of the model
  const [stopped] = stopping > 0 ? [await job.download([state])] : []
  const most = stopped ? (stopped[CONTROL.rounds] ?? 0) : params.trees
  const packed = await packTrees(job, { control, trees }, { trees: most, leaves, features })
  return {
    parts: [state, ...packed.parts],
    held: [control, trees, ...packed.parts.map((p) => p.from)],
    tell([told, ...all]) {
      if (!told || told[CONTROL.tree] === 0) throw new DeviceFault('the device did not run the kernel')
      return packed.tell(all, told[CONTROL.rounds] ?? 0)
    },
    scores: (n, bins) => scoresOf(job, { rows: n, bins, control, trees, leaves, base: task.base }),
  }
}
