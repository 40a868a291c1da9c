/**
 * Compiles the kernels: `node src/ml/training/gbdt/build.ts` writes the .wasm files; with `--check` it compares with the
 * files that are there and exits with 1 when one differs. Builds are byte-identical for one AssemblyScript version.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const COMMON = ['--runtime=stub', '--use=abort=', '--noAssert', '-O3', '--initialMemory=1', '--maximumMemory=65536']
const SHARED = ['--enable=simd,threads,bulk-memory', '--importMemory', '--sharedMemory']

/** Each binary and the options it is compiled with; its source is `assembly/<name>.ts`. */
export const BUILDS: Readonly<Record<string, readonly string[]>> = {
  kernels: [...COMMON, ...SHARED],
  scorer: [...COMMON, '--importMemory'],
}

/** Compiles `assembly/<name>.ts` and gives the bytes. @throws Error with the compiler's messages */
export async function build(name: string, options: readonly string[]): Promise<Uint8Array> {
  let binary: Uint8Array | undefined
  const source = await readFile(new URL(`./assembly/${name}.ts`, import.meta.url), 'utf8')
  const { error, stderr } = await asc.main([`${name}.ts`, `--outFile=${name}.wasm`, ...options], {
    readFile: (file: string) => (file === `${name}.ts` ? source : null),
    writeFile: (_file: string, contents: string | Uint8Array) => {
      if (typeof contents !== 'string') binary = contents
    },
    listFiles: () => [],
  })
  if (error !== null || binary === undefined) throw new Error(`AssemblyScript: ${stderr.toString()}`, { cause: error })
  return binary
}

/** The committed binary of that name. */
export const binaryOf = (name: string): URL => new URL(`./${name}.wasm`, import.meta.url)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, options] of Object.entries(BUILDS)) {
    const built = await build(name, options)
    if (!process.argv.includes('--check')) await writeFile(binaryOf(name), built)
    else if (Buffer.compare(built, await readFile(binaryOf(name))) !== 0) {
      process.stderr.write(`${fileURLToPath(binaryOf(name))} is not what assembly/${name}.ts compiles to\n`)
      process.exitCode = 1
    }
  }
}
