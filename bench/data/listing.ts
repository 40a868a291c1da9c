import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveSecret } from '../../src/base/secrets.ts'
import { csv } from '../../src/data/connectors/csv.ts'
import { folder, folderConnector } from '../../src/data/connectors/folder.ts'
import { planParts } from '../../src/data/connectors/parts/plan.ts'
import { median, type Row } from '../bench.ts'
import type { Setting } from './setting.ts'

export const listingCases = ['files-1e6']

/** A folder of very many small files: listed and planned, against listing them into an array and asking each file's state. */
export async function listingRows({ engine, context, wanted, runs, small, say, notes }: Setting): Promise<Row[]> {
  if (!wanted('files-1e6')) return []
  const count = small ? 10_000 : 1_000_000
  const root = mkdtempSync(join(tmpdir(), 'galley-files-'))
  try {
    say(`${count.toLocaleString('en-US')} files are written`)
    for (let i = 0; i < count; i++) {
      const at = join(root, 'in', String(i % 100))
      if (i < 100) mkdirSync(at, { recursive: true })
      writeFileSync(join(at, `${i}.csv`), 'a\n1\n')
    }
    const pattern = join(root, 'in', '**', '*.csv')
    const spec = folder(pattern, csv, { a: 'int64' }, { settle: 0 })
    const ctx = context()
    const { signal } = ctx
    const parts = folderConnector.parts as NonNullable<typeof folderConnector.parts>
    let most = 0
    const plan = () =>
      engine.session(ctx, async (query) => {
        const planned = await planParts(
          parts(spec, pattern, { signal, secret: resolveSecret }),
          [],
          join(root, 'list.csv'),
          query,
          signal,
        )
        if (planned.count !== count) throw new Error(`${planned.count} files of ${count} are planned`)
      })
    const plainly = async () => {
      const names = await readdir(join(root, 'in'), { recursive: true })
      for (const name of names) await stat(join(root, 'in', name))
    }
    const [ours, theirs]: [number[], number[]] = [[], []]
    for (let run = 0; run < runs; run++)
      for (const [work, into] of [
        [plan, ours],
        [plainly, theirs],
      ] as const) {
        const before = process.memoryUsage.rss()
        const began = performance.now()
        const timer = setInterval(() => {
          if (work === plan) most = Math.max(most, process.memoryUsage.rss() - before)
        }, 20)
        await work()
        clearInterval(timer)
        into.push((performance.now() - began) / 1000)
      }
    const [galley, peerValue] = [median(ours), median(theirs)]
    const name = small ? 'files-1e4' : 'files-1e6'
    notes.push(
      `${name}: memory grew by ${Math.round(most / 2 ** 20)} MiB at most while ${count.toLocaleString('en-US')} files were listed and planned`,
    )
    return [{ case: name, peer: 'readdir and stat', unit: 's', galley, peerValue, ratio: galley / peerValue }]
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
