import { readFile } from 'node:fs/promises'

/** The part of WebAssembly's API that is used here (Node's types leave it out). */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer
}
interface CompiledModule {
  readonly compiled?: never
}
declare const WebAssembly: {
  Memory: new (descriptor: { initial: number; maximum: number; shared: true }) => SharedMemory
  compile(bytes: Uint8Array): Promise<CompiledModule>
  instantiate(module: CompiledModule, imports: object): Promise<{ readonly exports: unknown }>
}

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
  partition(
    from: number,
    to: number,
    column: number,
    bin: number,
    missingLeft: number,
    side: number,
    hist: number,
  ): number
  place(from: number, to: number, left: number, leftTo: number, rightTo: number): void
  markLeaf(from: number, to: number, leaf: number): void
  combine(feature: number, threads: number, scratch: number, gap: number, small: number, parent: number): void
  totals(hist: number, out: number): void
  scan(
    hist: number,
    bins: number,
    gradientUnit: number,
    hessianUnit: number,
    lambda: number,
    minData: number,
    minHessian: number,
    totalsAt: number,
    out: number,
  ): void
  applyTree(from: number, to: number, nodes: number, values: number, out: number): void
}

const PAGE = 65_536

/** Memory of at least `bytes`, zeroed, that several threads can use at once. */
export function sharedMemory(bytes: number): SharedMemory {
  const pages = Math.ceil(bytes / PAGE)
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
}

let compiled: Promise<CompiledModule> | undefined

/** The kernels over one memory. */
export async function loadKernels(memory: SharedMemory): Promise<Kernels> {
  compiled ??= readFile(new URL('./kernels.wasm', import.meta.url)).then((bytes) => WebAssembly.compile(bytes))
  const { exports } = await WebAssembly.instantiate(await compiled, { env: { memory } })
  return exports as Kernels
}
