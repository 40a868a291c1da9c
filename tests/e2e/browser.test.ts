import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { bundle } from '../../scripts/browser/bundle.ts'
import { ipcStream } from '../../src/engines/arrow/index.ts'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { isGaps } from '../../src/engines/engine.ts'
import { createLedger, type LedgerEntry } from '../../src/engines/ledger.ts'
import { type FusedResult, learnFused } from '../../src/ml/training/fused/fused.ts'
import { onHost } from '../../src/ml/training/fused/host.ts'
import { sourceFiles } from '../../src/ml/training/fused/sources.ts'
import { build, plan } from '../../src/plan/nodes.ts'
import { parseType, type TypeName } from '../../src/plan/types.ts'
import { fewerTrees } from './fewer-trees.ts'

const ROWS = 5000
const data = (file: string) => fileURLToPath(new URL(`../data/${file}`, import.meta.resolve('vega-datasets')))
const temp = mkdtempSync(join(tmpdir(), 'galley-browser-'))
const host = createDuckdbEngine({ memoryMiB: 512, temp: join(temp, 'duckdb') })
const context = () => ({
  ...{ scope: { workspace: 'test', caller: 'test' }, signal: new AbortController().signal },
  ledger: createLedger(),
})
let browser: ChildProcess | undefined

afterAll(async () => {
  browser?.kill('SIGKILL')
  await host.close()
  rmSync(temp, { recursive: true, force: true, maxRetries: 5 })
})

/** The page asks the browser where a package lies; the recipe's own files are not read. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>galley</title>
<script>
  const tell = (failed) => fetch('/done', { method: 'POST', body: JSON.stringify({ failed }) })
  addEventListener('error', (e) => tell(e.message + ' in ' + e.filename + ':' + e.lineno))
  addEventListener('unhandledrejection', (e) => tell(String(e.reason?.stack ?? e.reason)))
</script>
<script type="importmap">{ "imports": { "vega-datasets": "/vega-datasets/build/index.js" } }</script>
<script type="module" src="/page.js"></script>`

interface Told {
  readonly failed?: string
  readonly rows: number
  readonly candidates: FusedResult['candidates']
  readonly moved: LedgerEntry
  readonly said: readonly string[]
}

/** Serves the page and its files, opens it in Chromium, and gives what it tells. */
async function opened(files: ReadonlyMap<string, string | Uint8Array>): Promise<Told> {
  const { promise, resolve, reject } = Promise.withResolvers<Told>()
  const server = createServer((request, response) => {
    if (request.url === '/done') {
      let text = ''
      request.on('data', (part: Buffer) => (text += part.toString()))
      request.on('end', () => {
        response.end()
        resolve(JSON.parse(text) as Told)
      })
      return
    }
    const file = files.get(request.url ?? '')
    const type = request.url === '/' ? 'text/html' : request.url?.endsWith('.js') ? 'text/javascript' : ''
    response.writeHead(file === undefined ? 404 : 200, type ? { 'content-type': type } : {})
    response.end(file)
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  try {
    const flags = ['--headless', '--no-sandbox', '--disable-background-networking', '--enable-unsafe-webgpu']
    flags.push('--use-webgpu-adapter=swiftshader', `--user-data-dir=${join(temp, 'browser')}`)
    browser = spawn('chromium', [...flags, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`], {
      stdio: 'ignore',
    })
    browser.on('error', (error) =>
      reject(new Error(`chromium could not be started (Debian and Ubuntu have it): ${error.message}`)),
    )
    return await promise
  } finally {
    browser?.kill('SIGKILL')
    server.close()
    server.closeAllConnections()
  }
}

test('the same recipe learns in a page of a browser, and finds what the processor finds', async () => {
  const recipe = fewerTrees(data('flights-3m.parquet'), data('airports.csv'))
  const sources = await sourceFiles(recipe, { folder: temp, temp, rows: ROWS }, host, context())
  const { code, files: beside } = await bundle(fileURLToPath(new URL('./browser/page.ts', import.meta.url)))
  expect(beside.map((path) => basename(path))).toContain('scorer.wasm')
  const files = new Map<string, string | Uint8Array>([
    ['/', PAGE],
    ['/page.js', code],
    ...beside.map((path) => [`/${basename(path)}`, readFileSync(path)] as const),
  ])
  for (const { id, spec } of recipe.steps.filter((s) => s.kind === 'source')) {
    const columns = Object.entries((spec as { columns: Record<string, TypeName> }).columns)
    const schema = columns.map(([name, type]) => ({ name, type: parseType(type), nullable: true }))
    const from = { kind: 'parquet', files: sources.get(id) ?? [] } as const
    const prepared = host.prepare(plan(build({ op: 'scan', from, schema })))
    if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
    const parts: Uint8Array[] = []
    for await (const part of ipcStream(await prepared.run(context(), 'batches'), createLedger())) parts.push(part)
    files.set(`/${id}.arrow`, Buffer.concat(parts))
  }
  let stages = 0
  const processor = await learnFused({
    ...{ means: onHost(host, () => join(temp, `stage-${stages++}.parquet`)), recipe, step: 'late-arrival' },
    ...{ ctx: context(), threads: 1, say: () => {}, rows: (id: string) => ({ files: sources.get(id) ?? [] }) },
  })
  const told = await opened(files)
  expect(told.failed).toBeUndefined()
  expect(told.said).toEqual([])
  expect(told.rows).toBe(processor.rows)
  for (const [i, expected] of processor.candidates.entries())
    for (const part of ['validate', 'test'] as const) {
      expect(told.candidates[i]?.model.kind).toBe(expected.model.kind)
      expect(told.candidates[i]?.[part].auc).toBeCloseTo(expected[part].auc ?? 0, 3)
      expect(told.candidates[i]?.[part].logLoss).toBeCloseTo(expected[part].logLoss ?? 0, 3)
    }
  expect(told.moved.up).toBeLessThan(ROWS * 32 + 3376 * 12 + 300_000)
}, 180_000)
