/**
 * The tests that kill readers, writers and workers, or cut their wires, each of them fifty times (`GALLEY_KILLS` says otherwise), one
 * file after the other: `npm run faults`, or `npm run faults -- connectors dataset` for files whose path has one of these words.
 */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const words = process.argv.slice(2)
const env = { ...process.env, GALLEY_KILLS: process.env['GALLEY_KILLS'] ?? '50' }
const ends = ['.test.ts', '.interop.ts', 'conformance.ts']
const files = globSync(['src/**/*.ts', 'tests/**/*.ts'], { cwd: root })
  .filter((path) => ends.some((end) => path.endsWith(end)) && /\bKILLS\b/.test(readFileSync(join(root, path), 'utf8')))
  // A suite is run by the test of those that it is for.
  .map((path) => path.replace(/\/conformance\.ts$/, '/connectors.test.ts'))
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
  .sort()

if (files.length === 0)
  process.stderr.write(
    `no test of faults has ${words.join(' or ')} in its path\n  why: those that have KILLS in their text are looked for\n  fix: npm run faults -- with a part of the path of one: simulated, loops, io/power, connectors\n`,
  )
const failed: string[] = []
for (const path of files) {
  const began = performance.now()
  const command = path.endsWith('.interop.ts')
    ? [process.execPath, 'scripts/interop.ts', path]
    : [join(root, 'node_modules', '.bin', 'vitest'), 'run', path]
  const { status } = spawnSync(command[0] ?? '', command.slice(1), { cwd: root, stdio: 'inherit', env })
  if (status !== 0) failed.push(path)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const times = (path.startsWith('tests/faults/') && process.env['GALLEY_ROUNDS']) || env.GALLEY_KILLS
  process.stdout.write(`— ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s: ${path}, ${times} times\n`)
}
if (failed.length > 0) process.stdout.write(`failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length > 0 || files.length === 0 ? 1 : 0
