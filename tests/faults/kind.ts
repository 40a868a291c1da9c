import type { Random } from './random.ts'

/** A fault, and the work that it is done to. */
export interface Kind {
  readonly name: string
  /** What is done, in a line. */
  readonly what: string
  /** Why it can't be done here; undefined where it can. */
  readonly hindered?: () => string | undefined
  readonly open: () => Promise<Rounds>
}

export interface Rounds {
  /** Does it once, and looks at all that is left. @throws what was lost, repeated or left behind */
  round(random: Random, number: number): Promise<void>
  /** What the rounds came to, in words. */
  said(): string
  close(): Promise<void>
}
