/** All items of a list that comes in pages. */
export async function everything<T>(
  ask: (cursor: string | undefined) => Promise<{ items: readonly T[]; next?: string }>,
): Promise<T[]> {
  const all: T[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await ask(cursor)
    all.push(...page.items)
    cursor = page.next
    if (cursor === undefined) return all
  }
}
