/** Arrow IPC: relations and batches handed to and taken from other programs, copying only what Arrow lays out otherwise. */
export { readIpc } from './read.ts'
export { ipcStream } from './write.ts'
