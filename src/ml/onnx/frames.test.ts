import { expect, test } from 'vitest'
import { type Frame, frameOf, reader } from './frames.ts'

const bytes = (...of: number[]) => Uint8Array.from(of)

test('frames come out as they went in, however they are cut into pieces', () => {
  const sent = [
    { head: { a: '글' }, body: bytes() },
    { head: [], body: bytes(1, 2, 3) },
    { head: 'x', body: new Uint8Array(70_000).fill(7) },
  ]
  const whole = Buffer.concat(sent.flatMap(({ head, body }) => frameOf(head, [body.subarray(0, 1), body.subarray(1)])))
  for (const size of [1, 7, 4096, whole.length]) {
    const heard: Frame[] = []
    const hear = reader(1 << 20, (frame) => heard.push(frame))
    for (let at = 0; at < whole.length; at += size) hear(whole.subarray(at, at + size))
    expect(heard.map((f) => f.head)).toEqual(sent.map((f) => f.head))
    expect(heard.map((f) => Buffer.compare(f.body, sent[heard.indexOf(f)]?.body ?? bytes(9)))).toEqual([0, 0, 0])
  }
})

test('one that says more than it may, or what is no JSON, is refused before it is held', () => {
  const hear = reader(1000, () => undefined)
  expect(() => hear(Buffer.concat(frameOf({}, [new Uint8Array(2000)])).subarray(0, 8))).toThrow(/more than it may/)
  const broken = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{"a')])
  expect(() => reader(1000, () => undefined)(broken)).toThrow()
})
