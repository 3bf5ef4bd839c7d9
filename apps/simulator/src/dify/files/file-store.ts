const MAX_FILES = 10_000;

/** An uploaded file; its bytes are not kept. */
export type UploadedFile = { id: string; key: string; user: string };

/** Files uploaded to all apps. A file may only be used by the user who uploaded it. */
export class FileStore {
  readonly #files = new Map<string, UploadedFile>();

  add(file: UploadedFile): void {
    this.#files.set(file.id, file);
    const oldest = this.#files.keys().next().value;
    if (this.#files.size > MAX_FILES && oldest !== undefined) this.#files.delete(oldest);
  }

  /** The first uploaded file the inputs refer to that this user may not use. */
  findForeign(inputs: Record<string, unknown>, key: string, user: string): string | undefined {
    return Object.values(inputs)
      .flat()
      .map(uploadId)
      .find((id) => {
        if (id === undefined) return false;
        const file = this.#files.get(id);
        return file?.key !== key || file.user !== user;
      });
  }

  clear(): void {
    this.#files.clear();
  }
}

function uploadId(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('upload_file_id' in value)) return undefined;
  return typeof value.upload_file_id === 'string' ? value.upload_file_id : undefined;
}
