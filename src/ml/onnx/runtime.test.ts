import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runtimeHere } from './runtime.ts'

test('where ONNX Runtime is not installed, or not for this machine, it is told what to do', () => {
  const folder = mkdtempSync(join(tmpdir(), 'galley-runtime-'))
  const from = join(folder, 'package.json')
  const missing = (why: RegExp) => expect.objectContaining({ code: 'ONNX_MISSING', why: expect.stringMatching(why), fix: expect.stringMatching(/npm run onnx/) }) // biome-ignore format: one line
  try {
    expect(() => runtimeHere([from])).toThrow(missing(/290 MB/))
    const dist = join(folder, 'node_modules', 'onnxruntime-node', 'dist')
    mkdirSync(dist, { recursive: true })
    writeFileSync(join(dist, '..', 'package.json'), '{"name":"onnxruntime-node","main":"dist/index.js"}')
    writeFileSync(join(dist, 'index.js'), '')
    expect(() => runtimeHere([from])).toThrow(missing(/no binary for/))
  } finally {
    rmSync(folder, { recursive: true })
  }
  expect(runtimeHere().binary).toMatch(/onnxruntime_binding\.node$/)
})
