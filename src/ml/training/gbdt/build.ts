/**
 * Compiles the kernels: `node src/ml/training/gbdt/build.ts` writes `kernels.wasm`; with `--check` it compares with the
 * file that is there and exits with 1 when they differ. Builds are byte-identical for one AssemblyScript version.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const target = fileURLToPath(new URL('./kernels.wasm', import.meta.url))
const options = [
  'kernels.ts',
  '--outFile=kernels.wasm',
  '--runtime=stub',
  '--use=abort=',
  '--noAssert',
  '-O3',
  '--enable=simd,threads,bulk-memory',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory=1',
  '--maximumMemory=65536',
]

/** Compiles and gives the bytes. @throws Error with the compiler's messages */
export async function buildKernels(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined
  const source = await readFile(new URL('./assembly/kernels.ts', import.meta.url), 'utf8')
  const { error, stderr } = await asc.main(options, {
    readFile: (name: string) => (name === 'kernels.ts' ? source : null),
    writeFile: (_name: string, contents: string | Uint8Array) => {
      if (typeof contents !== 'string') binary = contents
    },
    listFiles: () => [],
  })
  if (error !== null || binary === undefined) throw new Error(`AssemblyScript: ${stderr.toString()}`, { cause: error })
  return binary
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await buildKernels()
  if (!process.argv.includes('--check')) await writeFile(target, built)
  else if (Buffer.compare(built, await readFile(target)) !== 0) {
    process.stderr.write('src/ml/training/gbdt/kernels.wasm is not what assembly/kernels.ts compiles to\n')
    process.exitCode = 1
  }
}
