/** What tells candidates apart. */
interface Named {
  readonly trainer: string
  readonly params?: Readonly<Record<string, unknown>>
}

/** Candidates by their trainers; those of one trainer with the parameters in which they differ (`linear l2=10`), alike ones counted. */
export function candidateNames(candidates: readonly Named[]): string[] {
  const names = candidates.map(({ trainer, params = {} }) => {
    const siblings = candidates.filter((c) => c.trainer === trainer)
    const said = Object.entries(params).filter(([name, value]) =>
      siblings.some((c) => JSON.stringify(c.params?.[name]) !== JSON.stringify(value)),
    )
    return [trainer, ...said.map(([name, value]) => `${name}=${textOf(value)}`)].join(' ')
  })
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((n) => n === name).length
    return before === 0 ? name : `${name} (${before + 1})`
  })
}

const textOf = (value: unknown): string =>
  Array.isArray(value) ? value.map(textOf).join(',') : typeof value === 'string' ? value : JSON.stringify(value)
