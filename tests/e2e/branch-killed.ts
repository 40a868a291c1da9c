/*
 * Makes or promotes a branch and is killed on the way, after a call of its transaction: `branch-killed.ts HOME create|promote NAME CALL`.
 */
import { readConfig } from '../../src/base/config.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import { openGalley } from '../../src/main.ts'
import { openBranch } from '../../src/runs/workspaces/branch.ts'
import { createBranch } from '../../src/runs/workspaces/create.ts'
import { promote } from '../../src/runs/workspaces/promote.ts'
import type { Store } from '../../src/store/store.ts'

const [home = '', what, name = '', last] = process.argv.slice(2)
const galley = await openGalley({ ...readConfig({}), home, log: 'silent', threads: 1 })

const watched = <T extends object>(table: T): T =>
  new Proxy(table, {
    get: (target, key) => {
      const found = Reflect.get(target, key) as unknown
      if (typeof found === 'object' && found !== null) return watched(found)
      if (typeof found !== 'function') return found
      return async (...args: unknown[]) => {
        const done = await (found as (...a: unknown[]) => unknown).apply(target, args)
        if (key === last) process.kill(process.pid, 'SIGKILL')
        return done
      }
    },
  })

const store: Store = { ...galley.store, transaction: (scope, work) => galley.store.transaction(scope, (tx) => work(watched(tx))) } // biome-ignore format: one line
const scope = await galley.scope()
const signal = new AbortController().signal
if (what === 'create')
  await createBranch({ duckdb: galley.duckdb, scope, signal, ledger: createLedger() }, store, { name }, () => {})
else await promote(store, await openBranch(store, name, 'test'), {})
process.stdout.write('not killed\n')
await galley.close()
