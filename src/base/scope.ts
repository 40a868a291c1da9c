/** Who is asking, and in which workspace: every call into the store takes one. Made only by `tenancy`. */
export interface Scope {
  /** Workspace id; every stored row belongs to one. */
  readonly workspace: string
  /** The user or key that acts, for audit. */
  readonly caller: string
  /** Of a branch: the id of the workspace whose folders its files lie in, beside those that it shares. */
  readonly storage?: string
}

/** The workspace's part of the data folder: a branch has that of the workspace that it came from. */
export const storageOf = ({ storage, workspace }: Scope): string => storage ?? workspace
