import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'

/** Where `npm run onnx` puts it. */
const BROUGHT = new URL('../../../tools/onnx/package.json', import.meta.url)

/** ONNX Runtime on this machine. */
export interface Runtime {
  /** The module that a process loads. */
  readonly module: string
  /** Its native part. */
  readonly binary: string
}

/** The onnxruntime-node that is found from places on: unless they are given, one that is installed beside Galley, or the one of `npm run onnx`. @throws ONNX_MISSING */
export function runtimeHere(places: readonly (string | URL)[] = [import.meta.url, BROUGHT]): Runtime {
  const found = places.map(resolved).find((m) => m !== undefined)
  const binary = found && binaryOf(found)
  if (found && binary) return { module: found, binary }
  throw new GalleyError('ONNX_MISSING', {
    what: 'ONNX Runtime is not installed',
    why: found
      ? `${dirname(found)} has no binary for ${process.platform} ${process.arch}`
      : 'models that were made elsewhere are run by it; it takes 290 MB, and nothing else needs it',
    fix: 'run npm run onnx in the checkout of Galley, once; it brings onnxruntime-node and runs no install script',
  })
}

function resolved(from: string | URL): string | undefined {
  try {
    return createRequire(from).resolve('onnxruntime-node')
  } catch {
    return undefined
  }
}

function binaryOf(module: string): string | undefined {
  const bin = join(dirname(dirname(module)), 'bin')
  const versions = existsSync(bin) ? readdirSync(bin) : []
  return versions
    .map((v) => join(bin, v, process.platform, process.arch, 'onnxruntime_binding.node'))
    .find((path) => existsSync(path))
}
