import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exported } from '../../src/ml/export/index.ts'
import { EXPORTED, modelToExport, rowsToAsk } from '../../src/ml/export/testing.ts'
import { trainerOf } from '../../src/ml/training/index.ts'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''

test('models as ONNX pass its checker, and ONNX Runtime answers as Galley does', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'galley-onnx-'))
  const rows = rowsToAsk()
  try {
    const asked = join(folder, 'rows.json')
    writeFileSync(asked, JSON.stringify(rows.map((row) => row.map((x) => (Number.isFinite(x) ? x : String(x))))))
    for (const [i, [kind, goal, params]] of EXPORTED.entries()) {
      const model = await modelToExport(kind, goal, params)
      const file = join(folder, `${i}.onnx`)
      writeFileSync(file, exported(model, 'onnx', { model: 'a-model@1', threshold: 0.5 }))
      const out = execFileSync(python, [join(import.meta.dirname, 'onnx_run.py'), file, asked], { encoding: 'utf8' })
      const told = JSON.parse(out) as { score?: number[]; class?: string[]; probabilities?: number[][]; features: string[]; version: string } // biome-ignore format: one line
      if (i === 0) process.stdout.write(`ONNX Runtime ${told.version}\n`)
      const evaluator = (await trainerOf(model.kind)).load(model)
      expect(told.features).toEqual(evaluator.inputs)
      let apart = 0
      for (const [r, row] of rows.entries()) {
        const own = new Float64Array(evaluator.outputs)
        const one = evaluator.one(Float64Array.from(row), own)
        if (evaluator.outputs === 1) own[0] = one
        else expect(told.class?.[r]).toBe(String(model.classes?.[one]))
        for (const [k, value] of own.entries()) {
          const theirs = Number(told.score?.[r] ?? told.probabilities?.[r]?.[k])
          if (value === theirs) continue
          apart = Math.max(apart, Math.abs(value - theirs) / Math.max(1, Math.abs(value)))
        }
      }
      process.stdout.write(`${kind} ${goal} ${JSON.stringify(params ?? {})}: apart by ${apart.toExponential(1)}\n`)
      expect(apart).toBeLessThan(1e-9)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
