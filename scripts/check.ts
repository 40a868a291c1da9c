/**
 * The whole check, in order of how soon each says something: format and lint, types, dead code, then the tests.
 *
 *     npm test                       all of it
 *     npm test -- src/store          the same, with only the tests under src/store
 *     npm run check                  all but the tests
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
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
const report = join(tmpdir(), `galley-tests-${process.pid}.json`)
if (withTests) {
  const say = (line: string) => void process.stdout.write(`— ${line}\n`)
  bringGpuDriver(say)
  bringOnnxRuntime(root, say)
  stages.push([
    'tests',
    bin('vitest'),
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters],
  ])
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
if (failed.includes('tests')) tellFailed()
rmSync(report, { force: true })
if (failed.length > 0) process.stdout.write(`failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length > 0 ? 1 : 0

/** Which tests failed, and why in a line, last of all: what is above them may be thousands of lines away, or cut off. */
function tellFailed(): void {
  interface Result {
    readonly fullName: string
    readonly status: string
    readonly failureMessages: readonly string[]
  }
  interface File {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly Result[]
  }
  let files: readonly File[] = []
  try {
    files = JSON.parse(readFileSync(report, 'utf8')).testResults
  } catch {
    return // ended before it wrote one
  }
  const line = (text = '') => stripVTControlCharacters(text.split('\n')[0] ?? '').slice(0, 300)
  for (const { name, status, message, assertionResults } of files) {
    const tests = assertionResults.filter((r) => r.status === 'failed')
    for (const { fullName, failureMessages } of tests)
      process.stdout.write(`  × ${relative(root, name)} › ${fullName}\n    ${line(failureMessages[0])}\n`)
    if (status === 'failed' && tests.length === 0) process.stdout.write(`  × ${relative(root, name)}\n    ${line(message)}\n`) // biome-ignore format: one line
  }
}
