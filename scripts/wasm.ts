/**
 * Compiles the WebAssembly: `node scripts/wasm.ts` writes the .wasm files; with `--check` it compares with the files that
 * are there and exits with 1 when one differs. Builds are byte-identical for one AssemblyScript version.
 */
import { existsSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const COMMON = ['--runtime=stub', '--use=abort=', '--noAssert', '-O3', '--importMemory']
const SHARED = ['--enable=simd,threads,bulk-memory', '--sharedMemory', '--initialMemory=1', '--maximumMemory=65536']
const GBDT = 'src/ml/training/gbdt'

/** Each binary with the options that it is compiled with; its source is `assembly/<name>.ts` in its folder, with what that imports from beside it. */
export const BUILDS: readonly {
  readonly folder: string
  readonly name: string
  readonly options: readonly string[]
}[] = [
  { folder: GBDT, name: 'kernels', options: [...COMMON, ...SHARED] },
  { folder: GBDT, name: 'scorer', options: [...COMMON, '--initialMemory=1', '--maximumMemory=65536'] },
  {
    folder: 'src/ml/training',
    name: 'gram',
    options: [...COMMON, '--enable=simd', '--initialMemory=1', '--maximumMemory=65536'],
  },
  { folder: 'src/data/connectors/csv', name: 'survey', options: [...COMMON, '--enable=simd'] },
]

type Build = (typeof BUILDS)[number]

const within = (path: string): URL => new URL(`../${path}`, import.meta.url)

/** Compiles a source and gives the bytes. @throws Error with the compiler's messages */
export async function build({ folder, name, options }: Build): Promise<Uint8Array> {
  let binary: Uint8Array | undefined
  const folderUrl = within(`${folder}/assembly/`)
  const { error, stderr } = await asc.main([`${name}.ts`, `--outFile=${name}.wasm`, ...options], {
    // the compiler asks for its library's files, too, and for names that are none
    readFile: (file: string) => {
      const source = new URL(file, folderUrl)
      return existsSync(source) ? readFileSync(source, 'utf8') : null
    },
    writeFile: (_file: string, contents: string | Uint8Array) => {
      if (typeof contents !== 'string') binary = contents
    },
    listFiles: () => [],
  })
  if (error !== null || binary === undefined) throw new Error(`AssemblyScript: ${stderr.toString()}`, { cause: error })
  return binary
}

/** The committed binary. */
export const binaryOf = ({ folder, name }: Build): URL => within(`${folder}/${name}.wasm`)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const one of BUILDS) {
    const built = await build(one)
    if (!process.argv.includes('--check')) await writeFile(binaryOf(one), built)
    else if (Buffer.compare(built, await readFile(binaryOf(one))) !== 0) {
      process.stderr.write(
        `${fileURLToPath(binaryOf(one))} is not what ${one.folder}/assembly/${one.name}.ts compiles to\n`,
      )
      process.exitCode = 1
    }
  }
}
