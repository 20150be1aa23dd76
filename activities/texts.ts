import type { BlobStore } from '../storage/port.js';

export const createTextActivities = ({ blobs }: { readonly blobs: BlobStore }) => ({
  /** Stores texts outside history and returns where each is; the same texts give the same answer, so repeats do no harm. */
  storeTexts: async (texts: Readonly<Record<string, string>>): Promise<Record<string, { hash: string; bytes: number }>> => {
    const stored = await Promise.all(Object.entries(texts).map(async ([name, text]) => [name, await blobs.put(text)] as const));
    return Object.fromEntries(stored.map(([name, { hash, bytes }]) => [name, { hash, bytes }]));
  },
});
export type TextActivities = ReturnType<typeof createTextActivities>;
