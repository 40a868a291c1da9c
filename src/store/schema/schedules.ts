import { boolean, integer, pgTable, primaryKey, text } from '../drizzle.ts'
import { count, moment, payload, workspaceColumn } from './columns.ts'

/** Recipes that are run at moments of a calendar, or when something has changed. */
export const schedules = pgTable(
  'schedules',
  {
    workspace: workspaceColumn(),
    name: text('name').notNull(),
    recipe: text('recipe').notNull(),
    recipeJson: payload('recipe_json').notNull(),
    folder: text('folder').notNull(),
    engine: text('engine'),
    priority: integer('priority').notNull(),
    tags: text('tags').array().notNull(),
    mostAttempts: integer('most_attempts').notNull(),
    pool: text('pool'),
    maxActive: integer('max_active'),
    /** ms that a run of it may take. */
    timeout: count('timeout'),
    /** ms after its moment by which a job is to be done. */
    doneWithin: count('done_within'),
    /** Whose holidays count: a calendar of the workspace, or a country; on which days it rests; and whether it comes on another one instead. */
    calendar: text('calendar'),
    rests: text('rests').$type<'holidays' | 'weekends' | 'non-business-days'>(),
    instead: text('instead').$type<'next-day' | 'previous-day'>(),
    /** Either a calendar or what is watched. */
    cron: text('cron'),
    watch: text('watch'),
    /** How it was when it was seen last. */
    seen: text('seen'),
    zone: text('zone').notNull(),
    /** What becomes of moments at which no worker ran: none of them, the newest once, or all. */
    catchUp: text('catch_up').$type<'none' | 'once' | 'all'>().notNull(),
    paused: boolean('paused').notNull(),
    /** The moment that comes; null when none ever does. */
    next: moment('next'),
    last: moment('last'),
    caller: text('caller').notNull(),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.name] })],
)
