import type { Trainer } from './trainer.ts'

/** The trainers by kind; each is loaded when it is first used. A new one adds its line here. */
export const trainers: Readonly<Record<string, () => Promise<Trainer>>> = {
  baseline: async () => (await import('./baseline.ts')).baseline,
  logistic: async () => (await import('./logistic.ts')).logistic,
  gbdt: async () => (await import('./gbdt/gbdt.ts')).gbdt,
}
