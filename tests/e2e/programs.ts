import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { csv, type Kitchen } from '../../src/index.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { openWritten, type Written } from './datasets.ts'

export const NODE = process.execPath
export const ORDERS = { id: 'int64', n: 'int64' } as const
export const orders = (k: Kitchen) => k.source('orders', csv('orders.csv', ORDERS))

/** A Galley of a test's own whose folder holds three orders, and scripts that are put there. */
export interface Programs extends Written {
  /** A script of the recipe's folder that is given what it is asked as `ask`. */
  script(name: string, body: string): string
  /** What a run fails with; undefined where it does not. */
  failure(made: Recipe): Promise<{ code: string; what: string; why?: string } | undefined>
}

export async function openPrograms(): Promise<Programs> {
  const w = await openWritten()
  writeFileSync(join(w.folder, 'orders.csv'), 'id,n\n1,10\n2,20\n3,30\n')
  return {
    ...w,
    script(name, body) {
      writeFileSync(join(w.folder, name), `const fs = require('fs')\nconst ask = JSON.parse(fs.readFileSync(process.env.GALLEY_STEP))\n${body}\n`) // biome-ignore format: one line
      return name
    },
    failure: (made) =>
      w.ran(made).then(
        () => undefined,
        (e: { code: string; what: string; why?: string }) => e,
      ),
  }
}
