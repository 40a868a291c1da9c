import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import { type LedgerEntry, totalOf } from '../engines/ledger.ts'
import type { Store } from '../store/store.ts'
import type { Budget, DeviceUse } from './specs.ts'
import { bytes, integer } from './text.ts'

/** What each limit bounds, and how it is written. */
const LIMITS = {
  maxReadbacks: { key: 'readbacks', what: 'waits for the device', text: integer },
  maxBytesUp: { key: 'up', what: 'to the device', text: bytes },
  maxBytesDown: { key: 'down', what: 'from the device', text: bytes },
} as const satisfies Record<keyof Budget, { key: keyof LedgerEntry; what: string; text: (n: number) => string }>

/** @throws RECIPE_INVALID for an option that is none, or a limit that is no whole number from 0 on */
export function checkBudget(budget: Budget): Budget {
  if (typeof budget !== 'object' || budget === null)
    throw new GalleyError('RECIPE_INVALID', {
      what: `the budget is ${String(budget)}`,
      fix: `name what it bounds, for instance { budget: { maxReadbacks: 3 } }; its limits are ${Object.keys(LIMITS).join(', ')}`,
    })
  for (const [name, limit] of Object.entries(budget)) {
    if (!Object.hasOwn(LIMITS, name))
      throw new GalleyError('RECIPE_INVALID', {
        what: `a budget has no limit '${name}'`,
        fix: `its limits are ${Object.keys(LIMITS).join(', ')}`,
      })
    if (!(Number.isSafeInteger(limit) && (limit as number) >= 0))
      throw new GalleyError('RECIPE_INVALID', {
        what: `the budget's ${name} is ${limit}`,
        why: 'it counts bytes or readbacks',
        fix: 'give a whole number, 0 or more',
      })
  }
  return budget
}

/** What a recipe may say beside its steps. */
export interface RecipeOptions {
  readonly budget?: Budget
  readonly device?: DeviceUse
}

/** A recipe's options, as it keeps them. @throws RECIPE_INVALID */
export function checkOptions(options: RecipeOptions): RecipeOptions {
  const unknown = Object.keys(options).find((name) => name !== 'budget' && name !== 'device')
  if (unknown !== undefined)
    throw new GalleyError('RECIPE_INVALID', {
      what: `a recipe has no option '${unknown}'`,
      fix: 'its options are budget and device',
    })
  return {
    ...(options.budget === undefined ? {} : { budget: checkBudget(options.budget) }),
    ...(options.device === undefined ? {} : { device: checkDevice(options.device) }),
  }
}

/** @throws RECIPE_INVALID for another option than `spill`, or one that is not true or false */
function checkDevice(device: DeviceUse): DeviceUse {
  const wrong = (what: string) =>
    new GalleyError('RECIPE_INVALID', { what, fix: 'write device: { spill: true }, or leave it out' })
  if (typeof device !== 'object' || device === null) throw wrong(`the recipe's device is ${String(device)}`)
  for (const [name, value] of Object.entries(device)) {
    if (name !== 'spill') throw wrong(`a recipe's device has no option '${name}'`)
    if (typeof value !== 'boolean') throw wrong(`the device's spill is ${String(value)}`)
  }
  return Object.freeze({ ...device })
}

/** What a recipe's steps moved between host and device, against its budget. */
export class Spending {
  readonly #budget: Budget
  readonly #steps = new Map<string, LedgerEntry>()

  constructor(budget: Budget = {}) {
    this.#budget = budget
  }

  /** Adds a step's entry, whether it was computed now or earlier. @throws BUDGET_EXCEEDED naming what each step moved */
  add(step: string, entry: LedgerEntry): void {
    this.#steps.set(step, entry)
    for (const [name, { key, what, text }] of Object.entries(LIMITS)) {
      const limit = this.#budget[name as keyof Budget]
      if (limit === undefined) continue
      const by = [...this.#steps].map(([id, e]) => [id, e[key]] as const).filter(([, n]) => n > 0)
      const sum = by.reduce((total, [, n]) => total + n, 0)
      if (sum <= limit) continue
      throw new GalleyError('BUDGET_EXCEEDED', {
        what: `the recipe's budget allows ${text(limit)} ${what}, and ${text(sum)} are spent`,
        why: by.map(([id, n]) => `${id}: ${text(n)}`).join(' · '),
        fix: `keep more of it on the device, ask for less of it, or raise ${name}`,
        details: { limit: name, allowed: limit, spent: sum, steps: Object.fromEntries(by) },
      })
    }
  }
}

/** What making a kept output moved, by the run that made it; nothing when that run is gone. */
export async function spentBy(
  store: Store,
  scope: Scope,
  made: { readonly run: string; readonly step: string },
): Promise<LedgerEntry> {
  const { items } = await store.steps.list(scope, made.run, { limit: 500 })
  const ledger = items.find((s) => s.id === made.step)?.ledger as Record<string, LedgerEntry> | null | undefined
  return totalOf(Object.values(ledger ?? {}))
}
