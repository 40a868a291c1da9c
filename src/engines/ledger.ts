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
}

const empty = (): LedgerEntry => ({ bytesIn: 0, bytesOut: 0, up: 0, down: 0, readbacks: 0, copied: 0 })

export function createLedger(): Ledger {
  const stages = new Map<string, LedgerEntry>()
  return {
    add(stage, key, bytes) {
      let entry = stages.get(stage)
      if (!entry) stages.set(stage, (entry = empty()))
      entry[key] += bytes
    },
    stages: () => stages,
    total() {
      const sum = empty()
      for (const entry of stages.values()) for (const key of Object.keys(sum) as LedgerKey[]) sum[key] += entry[key]
      return sum
    },
  }
}
