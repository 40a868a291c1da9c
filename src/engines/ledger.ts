/** The copy ledger: every byte that an engine took in, gave out, copied between stages or moved to a device. */
export interface LedgerEntry {
  /** Bytes read from files or handed in. */
  bytesIn: number
  /** Bytes written to files or handed out. */
  bytesOut: number
  /** Bytes from host to device. */
  up: number
  /** Bytes from device to host. */
  down: number
  /** Times that the host waited for bytes from the device. */
  readbacks: number
  /** Bytes copied in the host between two stages. */
  copied: number
}

export type LedgerKey = keyof LedgerEntry

export interface Ledger {
  add(stage: string, key: LedgerKey, bytes: number): void
  /** One entry a stage, in the order they first appeared. */
  stages(): ReadonlyMap<string, Readonly<LedgerEntry>>
  total(): LedgerEntry
  /** Adds all that another ledger has. */
  merge(other: Ledger): void
}

const empty = (): LedgerEntry => ({ bytesIn: 0, bytesOut: 0, up: 0, down: 0, readbacks: 0, copied: 0 })

export function createLedger(): Ledger {
  const stages = new Map<string, LedgerEntry>()
  const add = (stage: string, key: LedgerKey, bytes: number): void => {
    let entry = stages.get(stage)
    if (!entry) stages.set(stage, (entry = empty()))
    entry[key] += bytes
  }
  return {
    add,
    stages: () => stages,
    total: () => totalOf(stages.values()),
    merge(other) {
      for (const [stage, entry] of other.stages())
        for (const key of Object.keys(entry) as LedgerKey[]) add(stage, key, entry[key])
    },
  }
}

/** The sum of entries; those that an earlier release left without a key count none of it. */
export function totalOf(entries: Iterable<Readonly<{ [K in LedgerKey]?: number | undefined }>>): LedgerEntry {
  const sum = empty()
  for (const entry of entries) for (const key of Object.keys(sum) as LedgerKey[]) sum[key] += entry[key] ?? 0
  return sum
}
