import { type CompiledModule, compileWasm, instantiateWasm, type SharedMemory } from '../../../base/wasm.ts'

/** What the best split of a histogram is looked for with. */
type Scanned = [
  hist: number,
  bins: number,
  gradientUnit: number,
  hessianUnit: number,
  lambda: number,
  minData: number,
  minHessian: number,
  totalsAt: number,
  out: number,
]

/** The exports of `assembly/kernels.ts`; addresses are bytes from the start of the memory. */
export interface Kernels {
  setup(
    records: number,
    stride: number,
    features: number,
    order: number,
    spare: number,
    scores: number,
    labels: number,
    leafOf: number,
    countBits: number,
    gradientScale: number,
    hessianScale: number,
  ): void
  barrier(at: number, threads: number): void
  binColumn(values: number, n: number, edges: number, row: number, feature: number, column: number): void
  startTree(from: number, to: number, hist: number, values: number): void
  startTreeOf(
    from: number,
    to: number,
    hist: number,
    gradients: number,
    hessians: number,
    gradientScale: number,
    hessianScale: number,
  ): void
  partition(
    from: number,
    to: number,
    column: number,
    bin: number,
    missingLeft: number,
    side: number,
    hist: number,
  ): number
  partitionBy(from: number, to: number, column: number, table: number, side: number, hist: number): number
  place(from: number, to: number, left: number, leftTo: number, rightTo: number): void
  markLeaf(from: number, to: number, leaf: number): void
  combine(feature: number, threads: number, scratch: number, gap: number, small: number, parent: number): void
  totals(hist: number, out: number): void
  unpack(hist: number, bins: number, out: number): void
  scan(...of: Scanned): void
  scanWithin(...of: [...Scanned, l1: number, low: number, high: number, rises: number]): void
  applyTree(from: number, to: number, nodes: number, values: number, out: number): void
  applySets(from: number, to: number, nodes: number, values: number, out: number, sets: number): void
}

let compiled: Promise<CompiledModule> | undefined
/** The kernels as compiled code, which threads share with all that was optimised in it. */
export const kernelModule = (): Promise<CompiledModule> => (compiled ??= compileWasm(new URL('./kernels.wasm', import.meta.url))) // biome-ignore format: one line

/** The training kernels over one memory. */
export async function loadKernels(memory: SharedMemory): Promise<Kernels> {
  return instantiateWasm<Kernels>(await kernelModule(), memory)
}
