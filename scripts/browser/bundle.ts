/**
 * Bundles a module and all that it imports for a browser's page, from the same sources that Node runs:
 * `npm run browser -- page.ts page.js`
 */
import { copyFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { rolldown } from 'rolldown'

const NODE = fileURLToPath(new URL('./node.ts', import.meta.url))
const PUBLIC = fileURLToPath(new URL('../../src/index.ts', import.meta.url))

/** One ES module, and the files that it reads from beside it, as they lie here. */
export interface Bundle {
  readonly code: string
  readonly files: readonly string[]
}

/** How a module names a file beside it. */
const BESIDE = /new URL\(['"](\.\/[\w.-]+\.wasm)['"], import\.meta\.url\)/g

/** @throws Error with the bundler's messages */
export async function bundle(entry: string): Promise<Bundle> {
  const beside = new Set<string>()
  const built = await rolldown({
    input: entry,
    platform: 'browser',
    // what a page has no counterpart for is undefined there, and not reached; a name that our own modules lack is a slip
    shimMissingExports: true,
    onLog(_, log) {
      if (log.code === 'SHIMMED_EXPORT' && log.exporter !== NODE)
        throw new Error(`${log.exporter ?? 'a module'} exports no '${log.binding ?? ''}'`)
    },
    plugins: [
      {
        name: 'node-in-a-page',
        resolveId: (id: string) => {
          if (id.startsWith('node:') || id === 'webgpu') return NODE
          return id === 'galley' ? PUBLIC : null
        },
        transform(code, id) {
          for (const [, name = ''] of code.matchAll(BESIDE)) beside.add(join(dirname(id), name))
          return null
        },
      },
    ],
  })
  try {
    const { output } = await built.generate({ format: 'esm', codeSplitting: false })
    const { code } = output[0]
    return { code, files: [...beside].filter((path) => code.includes(`./${basename(path)}`)) }
  } finally {
    await built.close()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, to] = process.argv.slice(2)
  if (entry === undefined || to === undefined) {
    process.stderr.write('usage: npm run browser -- PAGE.ts OUT.js\n')
    process.exitCode = 2
  } else {
    try {
      const { code, files } = await bundle(resolve(entry))
      await writeFile(to, code)
      for (const file of files) await copyFile(file, join(dirname(to), basename(file)))
      const names = [basename(to), ...files.map((file) => basename(file))]
      process.stderr.write(`${to} holds ${entry} and all that it imports: serve ${names.join(', ')} from one folder\n`)
    } catch (thrown) {
      const why = stripVTControlCharacters((thrown as Error).message).trim()
      process.stderr.write(
        `error: ${entry} could not be bundled\n  why: ${why}\n  fix: correct what is named, and bundle it again\n`,
      )
      process.exitCode = 1
    }
  }
}
