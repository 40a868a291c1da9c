/** Who is asking, and in which workspace: every call into the store takes one. Made only by `tenancy`. */
export interface Scope {
  /** Workspace id; every stored row and file belongs to one. */
  readonly workspace: string
  /** The user or key that acts, for audit. */
  readonly caller: string
}
