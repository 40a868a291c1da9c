import { readFile } from 'node:fs/promises'

/** The part of WebAssembly's API that is used here (Node's types leave it out). */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer
}
/** Memory of one thread. */
export interface PlainMemory {
  readonly buffer: ArrayBuffer
}
/** A compiled module; threads can share it, and with it what was optimised. */
export interface CompiledModule {
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

/** A committed binary, compiled. */
export async function compileWasm(binary: URL): Promise<CompiledModule> {
  return WebAssembly.compile(await readFile(binary))
}

/** A compiled module's functions over one memory. */
export function instantiateWasm<Exports>(module: CompiledModule, memory: SharedMemory | PlainMemory): Exports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Exports
}
