import { readFile } from 'node:fs/promises'

/** The part of WebAssembly's API that is used here (Node's types leave it out). */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer
}
/** Memory of one thread. */
export interface PlainMemory {
  readonly buffer: ArrayBuffer
}
interface CompiledModule {
  readonly compiled?: never
}
declare const WebAssembly: {
  Memory: {
    new (descriptor: { initial: number; maximum: number; shared: true }): SharedMemory
    new (descriptor: { initial: number; maximum: number }): PlainMemory
  }
  Instance: new (module: CompiledModule, imports: object) => { readonly exports: unknown }
  compile(bytes: Uint8Array): Promise<CompiledModule>
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

/** Memory of at least `bytes`, zeroed, for the calling thread alone. */
export function plainMemory(bytes: number): PlainMemory {
  const pages = Math.ceil(bytes / PAGE)
  return new WebAssembly.Memory({ initial: pages, maximum: pages })
}

/** The committed binary of that name, compiled. */
export async function compileWasm(name: 'kernels' | 'scorer'): Promise<CompiledModule> {
  return WebAssembly.compile(await readFile(new URL(`./${name}.wasm`, import.meta.url)))
}

/** A compiled module's functions over one memory. */
export function instantiateWasm<Exports>(module: CompiledModule, memory: SharedMemory | PlainMemory): Exports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Exports
}

/** The training kernels over one memory. */
export async function loadKernels(memory: SharedMemory): Promise<Kernels> {
  return instantiateWasm<Kernels>(await compileWasm('kernels'), memory)
}
