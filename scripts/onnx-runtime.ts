/** Brings ONNX Runtime for the tests of models that were made elsewhere: `npm run onnx`. Where it can't be brought, they fail and say so. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export function bringOnnxRuntime(root: string, say: (line: string) => void): void {
  if (existsSync(join(root, 'tools/onnx/node_modules/onnxruntime-node/package.json'))) return
  say('bringing ONNX Runtime into tools/onnx: what tests of models from elsewhere run on')
  const { status, stderr } = spawnSync('npm', ['run', '-s', 'onnx'], { cwd: root, encoding: 'utf8' })
  if (status !== 0) say(`could not bring it: ${(stderr ?? '').trim().split('\n').at(-1)}`)
}
