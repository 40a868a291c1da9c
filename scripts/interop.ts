/**
 * Real third-party clients and libraries against Galley: `npm run interop`. What they need is installed into a folder that git
 * ignores; what the machine can't run is said.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { PythonError, pythonIn } from './python.ts'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'tests', 'interop')
const say = (line: string) => void process.stdout.write(`${line}\n`)

try {
  const { signal } = new AbortController()
  const { python, versions } = await pythonIn(join(folder, '.python'), join(folder, 'packages.txt'), { say, signal })
  say(Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(' · ')) // biome-ignore format: one line
  const { status } = spawnSync(
    join(root, 'node_modules', '.bin', 'vitest'),
    ['run', '--config', 'vitest.interop.config.ts', ...process.argv.slice(2)],
    { cwd: root, stdio: 'inherit', env: { ...process.env, GALLEY_INTEROP_PYTHON: python } },
  )
  process.exitCode = status ?? 1
} catch (error) {
  if (!(error instanceof PythonError)) throw error
  say(`${error.missing ? 'not run' : 'failed'}: ${error.message}\n  why: ${error.why}\n  fix: ${error.fix}`)
  say(
    'what was not tried: Arrow IPC with pyarrow, polars and pandas; expectations with Great Expectations; statistics with SciPy and statsmodels; what is learnt without a target with scikit-learn, mlxtend and implicit; forecasts with statsforecast and statsmodels; datasets as Iceberg tables with pyiceberg; OpenLineage events with the official schemas; traces with the messages of OpenTelemetry; objects of S3 with moto; metrics and linear models with scikit-learn; how models are judged with scikit-learn, fairlearn and SciPy; trees with LightGBM; exported models with ONNX Runtime; programs in containers of podman; models of scikit-learn and LightGBM as ONNX files',
  )
  process.exitCode = error.missing ? 0 : 1
}
