/**
 * Bundles a module and all that it imports for a browser's page, from the same sources that Node runs:
 * `npm run browser -- page.ts page.js`
 */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const NODE = fileURLToPath(new URL('./node.ts', import.meta.url))
const PUBLIC = fileURLToPath(new URL('../../src/index.ts', import.meta.url))

/** The bundle's code: one ES module. @throws Error with the bundler's messages */
export async function bundle(entry: string): Promise<string> {
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
      },
    ],
  })
  try {
    const { output } = await built.generate({ format: 'esm', codeSplitting: false })
    return output[0].code
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
      await writeFile(to, await bundle(resolve(entry)))
      process.stderr.write(`${to} holds ${entry} and all that it imports: serve it beside a page\n`)
    } catch (thrown) {
      process.stderr.write(`error: ${entry} could not be bundled\n  why: ${(thrown as Error).message}\n`)
      process.exitCode = 1
    }
  }
}
