/** A server-sent event whose data is JSON. */
export interface ServerEvent {
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Server-sent events, one after the other, as they come (HTML, 9.2.6); lines that are comments are passed over. */
export async function* eventsOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of bytes) {
    text += decoder.decode(piece, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const lines = block.split('\n')
      const of = (name: string) => lines.filter((l) => l.startsWith(`${name}: `)).map((l) => l.slice(name.length + 2)).join('\n') // biome-ignore format: one line
      const data = of('data')
      if (data !== '') yield { event: of('event') || 'message', data: JSON.parse(data) }
    }
  }
}
