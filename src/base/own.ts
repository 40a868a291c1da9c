/** An object's own value of that name: names come from users, and every object inherits `constructor` and its like. */
export const ownValue = <T>(of: Readonly<Record<string, T>> | null | undefined, name: string): T | undefined =>
  of && Object.hasOwn(of, name) ? of[name] : undefined
