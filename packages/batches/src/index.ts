export { assembleBatch } from './assemble-batch.ts';
export { childRequests } from './child-requests.ts';
export { createBlobStore } from './files/blob-store.ts';
export type { BlobStore } from './files/blob-store.ts';
export { createFileStore, fileView, noFile } from './files/file-store.ts';
export type { FileStore, FileStoreDeps } from './files/file-store.ts';
export { shardOfFile } from './files/keys.ts';
export type { StoredFile } from './files/read-file.ts';
export type { Upload, UploadFacts } from './files/upload.ts';
