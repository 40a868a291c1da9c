import { randomBytes, randomUUID } from 'node:crypto'

/** A new random id: 32 hexadecimal digits. */
export function newId(): string {
  return randomUUID().replaceAll('-', '')
}

/** 256 random bits, hexadecimal: what a hash is salted with. */
export function newSalt(): string {
  return randomBytes(32).toString('hex')
}
