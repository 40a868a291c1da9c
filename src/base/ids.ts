import { randomUUID } from 'node:crypto'

/** A new random id: 32 hexadecimal digits. */
export function newId(): string {
  return randomUUID().replaceAll('-', '')
}
