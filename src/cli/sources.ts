import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { GalleyError, nearest } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { checkSource } from '../data/connectors/check.ts'
import type { SourceSpec } from '../data/connectors/connector.ts'
import { openGuard } from '../data/connectors/guard/open.ts'
import { createDuckdbEngine } from '../engines/duckdb/index.ts'
import { createLedger } from '../engines/ledger.ts'
import { interruptible } from './interrupt.ts'
import { plain, print } from './output.ts'
import { loadRecipe } from './recipe.ts'
import { checkPushed, pushSources } from './sources/pushed.ts'

export function sources(): Command {
  const check = new Command('check')
    .description('look whether the sources of a recipe can be read: reachable, credentials good, columns as declared')
    .argument('<recipe>', 'a .ts file that default-exports a recipe')
    .argument('[source]', 'only this source')
    .option('--json', 'print JSON')
    .action(async (path: string, only: string | undefined, options: { json?: boolean }) => {
      const { recipe, folder } = await loadRecipe(path)
      const all = recipe.steps.filter((s) => s.kind === 'source')
      const chosen = all.filter((s) => only === undefined || s.id === only)
      if (chosen.length === 0)
        throw unknownSource(
          recipe.name,
          only,
          all.map((s) => s.id),
        )
      const temp = await mkdtemp(join(tmpdir(), 'galley-check-'))
      const engine = createDuckdbEngine({ memoryMiB: readConfig().memoryMiB, temp: join(temp, 'duckdb') })
      const guard = openGuard({ temp: () => join(temp, 'opened', newId()), memoryMiB: engine.memoryMiB })
      let bad = 0
      try {
        const told = []
        for (const { id, spec } of chosen) {
          const findings = await interruptible((signal) => {
            if ((spec as SourceSpec).connector === 'push') return checkPushed(spec as SourceSpec)
            const ctx = { scope: { workspace: 'check', caller: 'check' }, signal, ledger: createLedger() }
            return engine.session(ctx, (query) =>
              checkSource(spec as SourceSpec, folder, { signal, query, guard, temp }),
            )
          })
          bad += findings.filter((f) => !f.ok).length
          told.push({ source: id, findings })
          if (options.json) continue
          print(`${id}  ${(spec as SourceSpec).connector}  ${plain((spec as SourceSpec).path)}`)
          for (const f of findings)
            print(`  ${f.ok ? (f.warning ? '!' : '✔') : '✖'} ${f.name.padEnd(12)} ${plain(f.says)}`)
        }
        if (options.json) print(JSON.stringify(told))
      } finally {
        await guard.close()
        await engine.close()
        await rm(temp, { recursive: true, force: true })
      }
      if (bad > 0) process.exitCode = 4
    })
  const noun = new Command('sources').description('what recipes read').addCommand(check)
  pushSources(noun)
  return noun
}

function unknownSource(recipe: string, only: string | undefined, names: readonly string[]): GalleyError {
  const close = only === undefined ? undefined : nearest(only, names)
  return new GalleyError('USAGE_INVALID', {
    what: only === undefined ? `the recipe '${recipe}' has no sources` : `there is no source '${only}'`,
    ...(names.length > 0 ? { why: `the sources are ${names.join(', ')}` } : {}),
    fix: close ? `did you mean '${close}'?` : 'name a source of the recipe',
  })
}
