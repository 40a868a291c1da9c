/**
 * Fails one thing that is done to a file, then the next one, … of a small run, and runs it again each time: `node tests/faults/io/nth.ts FOLDER EVERY FIRST`.
 * Prints a line of JSON: how many there are, how many were failed, and all that was not as it should be.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { GalleyError } from '../../../src/base/errors.ts'
import { scrub } from '../../../src/data/datasets/scrub.ts'
import { watchFiles } from './layer.ts'
import { type Left, open, work } from './work.ts'

const [folder = '', every = '1', first = '1'] = process.argv.slice(2)
const [home, other] = [join(folder, 'home'), join(folder, 'other')]
mkdirSync(home, { recursive: true })

let done = 0
let fail = Number.POSITIVE_INFINITY
let failed = ''
await watchFiles(home, {
  before(op, path) {
    if (path.startsWith(join(home, 'postgres'))) return
    if (++done !== fail) return
    failed = `${op} ${path.slice(home.length)}`
    const code = op.startsWith('write') && done % 2 === 0 ? 'ENOSPC' : 'EIO'
    throw Object.assign(new Error(`${code}: made to fail, ${op} '${path}'`), { code, errno: -5, syscall: op, path })
  },
})

const [g, plain] = [await open(home), await open(other)]
const scope = await g.scope()
const wrong: string[] = []
const note = (text: string) => wrong.push(`${fail} (${failed}): ${text}`)
const same = (a: Left, b: Left) => JSON.stringify(a) === JSON.stringify(b)

/** Does something with its N-th operation failed. Gives how many there were. */
async function attempt(n: number, what: () => Promise<unknown>): Promise<number> {
  ;[done, fail, failed] = [0, n, '']
  try {
    await within(what())
  } catch (error) {
    if (!(error instanceof GalleyError)) note(`it failed with ${error}`)
    else if (error.code === 'INTERNAL_BUG' || !error.fix) note(`it failed with ${error.code}: ${error.what}: ${error.why}; ${error.fix}`) // biome-ignore format: one line
  } finally {
    fail = Number.POSITIVE_INFINITY
  }
  return done
}

/** @throws where it has not ended after a minute */
async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it does not end')), 60_000)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

let round = 0
for (; round < 1; round++) if (!same(await work(g, folder, round), await work(plain, folder, round))) note('unharmed, it is not the same') // biome-ignore format: one line
done = 0
await work(g, folder, round)
await work(plain, folder, round++)
const count = done

let rounds = 0
for (let n = Number(first); n <= count; n += Number(every), round++, rounds++) {
  const made = round
  await attempt(n, () => work(g, folder, made))
  const mine = failed
  process.stderr.write(`${n} ${mine}\n`)
  ;[fail, failed] = [n, mine]
  const left = await within(work(g, folder, made)).catch((error: GalleyError) => note(`the next run failed: ${error.code} ${error.message}: ${error.why}`)) // biome-ignore format: one line
  fail = Number.POSITIVE_INFINITY
  const wanted = await work(plain, folder, made)
  fail = n
  if (typeof left === 'object' && !same(left, wanted)) note(`the next run left ${JSON.stringify(left)}, not ${JSON.stringify(wanted)}`) // biome-ignore format: one line
  for (const name of ['log', 'latest', 'features']) {
    const { damaged } = await scrub(g.store, scope, { dataset: name, signal: new AbortController().signal })
    if (damaged.length > 0) note(`damaged: ${JSON.stringify(damaged)}`)
  }
}
await g.close()
await plain.close()
process.stdout.write(`${JSON.stringify({ count, rounds, wrong })}\n`)
