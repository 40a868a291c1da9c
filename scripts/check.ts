/**
 * The whole check, in order of how soon each says something: format and lint, types, dead code, then the tests.
 *
 *     npm test                       all of it
 *     npm test -- src/store          the same, with only the tests under src/store
 *     npm run check                  all but the tests
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { bringGpuDriver } from './gpu-driver.ts'
import { bringOnnxRuntime } from './onnx-runtime.ts'

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)
const withTests = !process.argv.includes('--no-tests')
const filters = process.argv.slice(2).filter((word) => word !== '--no-tests')

const stages: [name: string, command: string, args: string[]][] = [
  ['format and lint', bin('biome'), ['check', '--error-on-warnings']],
  ['types', bin('tsc'), ['--noEmit']],
  ['dead code', bin('knip'), []],
]
if (withTests) {
  const say = (line: string) => void process.stdout.write(`— ${line}\n`)
  bringGpuDriver(say)
  bringOnnxRuntime(root, say)
  stages.push(['tests', bin('vitest'), ['run', ...filters]])
}

const failed: string[] = []
for (const [name, command, args] of stages) {
  const start = performance.now()
  process.stdout.write(`— ${name}\n`)
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (error) process.stdout.write(`  ${command} could not be started: ${error.message}\n`)
  if (status !== 0) failed.push(name)
  process.stdout.write(
    `  ${status === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - start) / 1000).toFixed(1)} s\n`,
  )
}
if (failed.length > 0) process.stdout.write(`failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length > 0 ? 1 : 0
