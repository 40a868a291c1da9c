import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KILLS } from '../../../src/data/connectors/testing/kills.ts'

const SCRIPT = join(import.meta.dirname, 'powered.ts')
/** A seed that failed is tried again by `GALLEY_SEED`. */
const SEED = Number(process.env['GALLEY_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

test(
  `the power goes at any moment of a run, and what was not synced is lost (GALLEY_SEED=${SEED}): what was acknowledged is there, each row once`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'galley-power-'))
    const round = (name: string) => spawnSync(process.execPath, ['--no-warnings', SCRIPT, folder, String(SEED), name], { encoding: 'utf8', timeout: 60_000 }) // biome-ignore format: one line
    // the first round only finds out how much there is to lose
    for (let i = 0; i <= KILLS; i++) {
      const { signal, stderr } = round(String(i))
      expect({ round: i, signal, stderr }).toEqual({ round: i, signal: 'SIGKILL', stderr: '' })
    }
    const { status, stderr } = round('last')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  },
  60_000 + KILLS * 60_000,
)
