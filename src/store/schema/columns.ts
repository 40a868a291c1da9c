import { bigint, customType, text } from '../drizzle.ts'

/** A point in time: `timestamptz` in the database, milliseconds since 1970 UTC outside. */
export const moment = customType<{ data: number; driverData: string }>({
  dataType: () => 'timestamp(3) with time zone',
  toDriver: (ms) => new Date(ms).toISOString(),
  fromDriver: (value) =>
    Date.parse(`${String(value).replace(' ', 'T')}${/[+-]\d\d$/.test(String(value)) ? ':00' : ''}`),
})

const anyJson = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'json',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value, // parsed by the driver
})

/** Any JSON; what it means is known to whoever wrote it, which also checks it when reading. */
export const payload = (name: string) => anyJson(name)

/** A count that may pass 2³¹. */
export const count = (name: string) => bigint(name, { mode: 'number' })

/** Every row belongs to a workspace. */
export const workspaceColumn = () => text('workspace').notNull()
