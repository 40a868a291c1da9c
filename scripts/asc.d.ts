/** What `wasm.ts` needs of AssemblyScript's compiler. */
declare const asc: {
  main(
    argv: readonly string[],
    options: {
      readFile(name: string): string | null
      writeFile(name: string, contents: string | Uint8Array): void
      listFiles(): readonly string[]
    },
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>
}
export default asc
