import { csvTask } from './csv.ts'
import { groupby } from './groupby.ts'
import { join } from './join.ts'
import type { Task } from './question.ts'

export const TASKS: readonly Task[] = [groupby, join, csvTask]
